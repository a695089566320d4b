using Ntm.Box.Os;

namespace Ntm.Box.Links;

/// <summary>
/// A link between two places of the box that is as slow, lossy and moody as it is told, at any time: it delays, loses, limits, stalls, goes deaf in either direction
/// and takes the carrier away. Kernels without netem have nothing of that; here a thread carries the frames between two TAPs. It sees frames, so it carries IPv4 and IPv6 alike.
/// </summary>
internal sealed unsafe class Link : IDisposable
{
    /// <summary>Frames taken from one end before the other has its turn.</summary>
    private const int AtOnce = 64;

    /// <summary>How long a change of conditions may take to be noticed where nothing comes: nothing depends on it but the end.</summary>
    private const long Longest = 50_000_000;

    private readonly Tap near;
    private readonly Tap far;
    private readonly Thread thread;
    private volatile bool ending;

    private Link(Tap near, Tap far, int seed)
    {
        this.near = near;
        this.far = far;
        Out = new(seed);
        In = new(seed + 1);
        thread = new Thread(Carry) { IsBackground = true, Name = $"link {near.Name}" };
        thread.Start();
    }

    /// <summary>From the near end to the far one: out of the home.</summary>
    public LinkDirection Out { get; }

    /// <summary>From the far end to the near one.</summary>
    public LinkDirection In { get; }

    /// <summary>Frames of these lengths are counted apart, so that a stream can be told from everything else on the wire.</summary>
    public (int Least, int Most) Marked { get; set; }

    /// <summary>The near end's interface.</summary>
    public string NearName => near.Name;

    /// <param name="place">Where the near end is to be, and its interface's name.</param>
    /// <param name="other">Where the far end is to be, and its interface's name.</param>
    /// <param name="seed">Of what is lost by lot.</param>
    public static Link Lay((NetworkNamespace Place, string Name) place, (NetworkNamespace Place, string Name) other, int seed)
    {
        var near = Tap.Open(place.Place, place.Name);
        try
        {
            return new Link(near, Tap.Open(other.Place, other.Name), seed);
        }
        catch
        {
            near.Dispose();
            throw;
        }
    }

    /// <summary>Sets both directions.</summary>
    public void Set(LinkConditions conditions) => (Out.Conditions, In.Conditions) = (conditions, conditions);

    /// <summary>Holds everything back for so long, in both directions, and then lets it go at once.</summary>
    public void Stall(TimeSpan time) => Out.StalledUntil = In.StalledUntil = Promptness.Now() + (time.Ticks * 100);

    /// <summary>Everything that comes is lost, and nobody is told.</summary>
    public void Deafen(bool outbound, bool inbound)
    {
        Out.Conditions = Out.Conditions with { IsDeaf = outbound };
        In.Conditions = In.Conditions with { IsDeaf = inbound };
    }

    /// <summary>The wire is pulled out at the near end, or plugged in: its carrier is gone, and whatever is under way to it; what it has sent before arrives.</summary>
    public void SetCarrier(bool isThere)
    {
        (Out.IsCutBefore, In.IsCutBehind) = (!isThere, !isThere);
        near.SetCarrier(isThere);
    }

    /// <summary>Ends the thread; the interfaces go. Once more does nothing.</summary>
    public void Dispose()
    {
        if (ending)
        {
            return;
        }

        ending = true;
        thread.Join();
        near.Dispose();
        far.Dispose();
        Out.Dispose();
        In.Dispose();
    }

    private void Carry()
    {
        Promptness.Claim();
        var polled = stackalloc TapNative.PollFd[2];
        polled[0] = new() { Descriptor = near.Descriptor, Events = TapNative.PollIn };
        polled[1] = new() { Descriptor = far.Descriptor, Events = TapNative.PollIn };
        while (!ending)
        {
            var now = Promptness.Now();
            var more = Take(near, Out, now) | Take(far, In, now);
            now = Promptness.Now();
            Give(Out, far, now);
            Give(In, near, now);
            if (more)
            {
                continue;
            }

            var wait = Math.Clamp(Math.Min(Out.NextTime, In.NextTime) - Promptness.Now(), 0, Longest);
            var timeout = new TapNative.TimeSpec { Nanoseconds = wait };
            _ = TapNative.Poll(polled, 2, &timeout, null);
            if (((polled[0].Returned | polled[1].Returned) & ~TapNative.PollIn) != 0)
            {
                // An end that is down says so at once and always.
                Thread.Sleep(1);
            }
        }
    }

    /// <returns>Whether more waits.</returns>
    private bool Take(Tap from, LinkDirection direction, long now)
    {
        var (least, most) = Marked;
        for (var i = 0; i < AtOnce; i++)
        {
            var length = (int)TapNative.Read(from.Descriptor, direction.Room, LinkDirection.FrameSize);
            if (length <= 0)
            {
                return false;
            }

            direction.Take(length, now, length >= least && length <= most);
        }

        return true;
    }

    private static void Give(LinkDirection direction, Tap to, long now)
    {
        while (direction.TryNext(now, out var frame, out var length))
        {
            direction.Done(!direction.IsCutBehind && TapNative.Write(to.Descriptor, frame, length) == length);
        }
    }
}
