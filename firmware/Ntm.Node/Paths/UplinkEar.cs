namespace Ntm.Node.Paths;

/// <summary>What <see cref="UplinkWatch"/> knows of one uplink.</summary>
internal sealed class UplinkEar(int number)
{
    private const int AskedMost = 64;

    /// <summary>Datagrams heard within a second from which on there is traffic.</summary>
    private const int BusyFrom = 10;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private TimeSpan _windowAt;
    private int _inWindow;
    private bool _traffic;

    public int Number { get; } = number;

    /// <summary>When it is asked at the latest; max: by <see cref="Pause"/> alone.</summary>
    public TimeSpan AskAt { get; set; } = TimeSpan.MaxValue;

    /// <summary>Questions in a row that nobody answered, and from when on.</summary>
    public int Round { get; set; }

    public TimeSpan Since { get; set; }

    /// <summary>What it may be silent while nothing goes on, and right after traffic.</summary>
    public TimeSpan Pause { get; set; }

    public TimeSpan BusyPause { get; set; }

    /// <summary>Answers still wanted soon.</summary>
    public int Confirm { get; set; }

    /// <summary>That everybody is silent was told.</summary>
    public bool Told { get; set; }

    public TimeSpan? RoundTrip { get; set; }

    /// <summary>When a server answered last, and which.</summary>
    public TimeSpan ServerAt { get; set; } = TimeSpan.MinValue;

    public ServerLink? Server { get; set; }

    /// <summary>When both directions were last shown to work, as far as that is known.</summary>
    public TimeSpan? LastAt { get; private set; }

    public Dictionary<ulong, (ServerLink Server, TimeSpan At)> Asked { get; } = [];

    public TimeSpan Due => Round > 0 || LastAt is not { } last ? AskAt
        : last + (_traffic ? BusyPause : Pause) is var due && due < AskAt ? due : AskAt;

    private TimeSpan BothWaysAt { get; set; } = TimeSpan.MinValue;

    public void Ask(ulong id, ServerLink server, TimeSpan boot)
    {
        if (Asked.Count >= AskedMost)
        {
            Asked.Clear();
        }

        Asked[id] = (server, boot);
    }

    public void Heard(TimeSpan boot, TimeSpan bothWaysWithin)
    {
        if (boot - _windowAt > Window)
        {
            (_windowAt, _inWindow, _traffic) = (boot, 0, false);
        }

        _traffic |= ++_inWindow >= BusyFrom;
        if (BothWaysAt != TimeSpan.MinValue && boot - BothWaysAt <= bothWaysWithin)
        {
            (LastAt, Round) = (boot, 0);
        }
    }

    /// <summary>Both directions work.</summary>
    public void Answered(TimeSpan boot)
    {
        (LastAt, BothWaysAt, Round, AskAt, _traffic, _inWindow) = (boot, boot, 0, TimeSpan.MaxValue, false, 0);
        Asked.Clear();
    }

    /// <summary>There is nobody to ask: again then.</summary>
    public void Forget(TimeSpan again)
    {
        (LastAt, Round, AskAt) = (null, 0, again);
        Asked.Clear();
    }
}
