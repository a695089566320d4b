using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>
/// UPnP: the box is searched for by multicast, its description is fetched, its external address asked for and the port opened. One request at a time, each
/// ended by an answer or after <see cref="Limits.MappingExchange"/>. Only what the default gateway says counts, and only what leads to itself.
/// </summary>
/// <param name="known">What was found before; null: it is searched for.</param>
internal sealed class UpnpAttempt(MappingWish wish, Action<NodeEvent> emit, BoxDescription? known, Func<ulong> random, Counters counters)
    : MappingAttempt(wish, emit)
{
    private const int PortsTried = 4;
    private const int FirstPort = 1024;

    private enum Step
    {
        Searching,
        Describing,
        AskingAddress,
        Opening,
        Closing,
    }

    private Step _step;
    private int _searches;
    private int _tries;
    private int _ticket; // by lot, so that a late answer to another attempt is none to this
    private ushort _port = wish.ExternalPort;
    private uint _lease = wish.Lifetime;
    private bool _any;
    private RealAddress _address;
    private BoxUrl _location;

    public override MappingProtocol Protocol => MappingProtocol.Upnp;

    /// <summary>What was found.</summary>
    public BoxDescription? Box { get; private set; } = known;

    public override void Begin(Now now)
    {
        if (Box is { } box)
        {
            _any = box.ChoosesPorts;
            if (Wish.Closes)
            {
                Call(now, Step.Closing, SoapMessage.DeletePort, SoapMessage.Delete(box, _port));
            }
            else
            {
                Call(now, Step.AskingAddress, SoapMessage.GetExternalAddress, SoapMessage.Call(box.ServiceType, SoapMessage.GetExternalAddress));
            }
        }
        else if (Wish.Closes)
        {
            Closed();
        }
        else
        {
            Search(now);
        }
    }

    public override bool Heard(Now now, RealAddress from, ReadOnlySpan<byte> bytes)
    {
        if (State != AttemptState.UnderWay || _step != Step.Searching || !from.SameHost(Wish.Gateway) || !SsdpMessage.TryRead(bytes, out var location))
        {
            return false;
        }

        if (!BoxUrl.TryRead(location, Wish.Gateway, null, out _location))
        {
            counters.Count("mapping-url-refused");
            return true;
        }

        Exchange(now, Step.Describing, _location, null, null);
        return true;
    }

    public override void Exchanged(Now now, int ticket, int status, ReadOnlySpan<byte> body)
    {
        if (State != AttemptState.UnderWay || ticket != _ticket || _step == Step.Searching)
        {
            return; // too late
        }

        if (status == 0)
        {
            Silent();
        }
        else if (_step == Step.Describing)
        {
            Described(now, status, body);
        }
        else if (!SoapMessage.TryRead(body, out var answer) || (status != 200 && answer.Error == 0))
        {
            Refused("it answers what cannot be understood");
        }
        else
        {
            Answered(now, answer);
        }
    }

    public override void HandleTimeout(Now now)
    {
        if (State != AttemptState.UnderWay || NextDeadline > now.Boot)
        {
            return;
        }

        if (_step == Step.Searching && _searches < 2)
        {
            Search(now);
        }
        else
        {
            Silent();
        }
    }

    private void Search(Now now)
    {
        _step = Step.Searching;
        Send(SsdpMessage.Group, SsdpMessage.Search(1));
        Send(SsdpMessage.Group, SsdpMessage.Search(2));
        NextDeadline = now.Boot + (++_searches < 2 ? Limits.MappingSearch / 3 : Limits.MappingSearch * 2 / 3);
    }

    private void Described(Now now, int status, ReadOnlySpan<byte> body)
    {
        if (status != 200 || BoxDescription.TryRead(body, _location) is not { } box)
        {
            counters.Count("mapping-description-refused");
            Refused("its description has nothing that opens ports");
            return;
        }

        (Box, _any) = (box, box.ChoosesPorts);
        Call(now, Step.AskingAddress, SoapMessage.GetExternalAddress, SoapMessage.Call(box.ServiceType, SoapMessage.GetExternalAddress));
    }

    private void Answered(Now now, SoapMessage answer)
    {
        switch (_step)
        {
            case Step.Closing:
                Closed();
                break;
            case Step.AskingAddress when answer is { Error: 0, Address: { } address }:
                _address = RealAddress.From(new(address, 0));
                Open(now);
                break;
            case Step.AskingAddress:
                Refused(answer.Error != 0 ? SoapMessage.Why(answer.Error) : "it does not say its address");
                break;
            case Step.Opening when answer.Error == 0:
                // A permanent lease is looked at as often as any other: the box may have restarted.
                Opened(_address.WithPort(_any && answer.ReservedPort != 0 ? answer.ReservedPort : _port), Wish.Lifetime);
                break;
            case Step.Opening:
                Retry(now, answer.Error);
                break;
        }
    }

    private void Retry(Now now, int error)
    {
        if (++_tries >= PortsTried)
        {
            Refused(SoapMessage.Why(error));
        }
        else if (error == SoapMessage.PermanentLeasesOnly && _lease != 0)
        {
            _lease = 0;
            Open(now);
        }
        else if (error == SoapMessage.SamePortsRequired && _port != Wish.Own.Port)
        {
            _port = Wish.Own.Port;
            Open(now);
        }
        else if (error == SoapMessage.Conflict)
        {
            _port = (ushort)(FirstPort + (random() % (65536 - FirstPort)));
            Open(now);
        }
        else if (_any)
        {
            _any = false; // some boxes say that they are of version 2 and know the older action only
            Open(now);
        }
        else
        {
            Refused(SoapMessage.Why(error));
        }
    }

    private void Open(Now now) =>
        Call(now, Step.Opening, _any ? SoapMessage.AddAnyPort : SoapMessage.AddPort, SoapMessage.Add(Box!, _any, Wish.Own, _port, _lease));

    private void Call(Now now, Step step, string action, byte[] body) => Exchange(now, step, Box!.Control, $"\"{Box.ServiceType}#{action}\"", body);

    private void Exchange(Now now, Step step, BoxUrl url, string? action, byte[]? body)
    {
        (_step, _ticket) = (step, (int)(random() & int.MaxValue));
        NextDeadline = now.Boot + Limits.MappingExchange;
        Emit(new NodeEvent.MappingExchange(Wish.Uplink, Wish.Own, url.Box, _ticket, url.Path, action, body));
    }
}
