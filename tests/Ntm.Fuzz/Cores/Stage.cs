using Ntm.Protocol;
using Ntm.Tunnel;

namespace Ntm.Fuzz.Cores;

/// <summary>A core and its speakers in time held by hand; datagrams arrive at once.</summary>
public sealed class Stage(ICore core, StaticKeyPair key, RealAddress address, Action takeEvents)
{
    private const int RoundsMost = 256;

    private readonly List<Speaker> _speakers = [];
    private readonly PacketBatch _batch = new(1);

    public Now Now { get; private set; } = new(TimeSpan.FromHours(1), Cast.Wall + TimeSpan.FromHours(1));

    public IReadOnlyList<Speaker> Speakers => _speakers;

    /// <summary>Told of each datagram that the core sends while others are carried: by which path, and how many bytes.</summary>
    public Action<WirePath, int>? OnSent { get; set; }

    public Speaker Add(CastMember who)
    {
        var speaker = new Speaker(who, key.Public, address);
        _speakers.Add(speaker);
        return speaker;
    }

    /// <summary>Lets time pass, and what is due happen.</summary>
    public void Pass(TimeSpan time)
    {
        Now = new(Now.Boot + time, Now.Wall + time);
        if (core.NextDeadline <= Now.Boot)
        {
            core.HandleTimeout(Now);
        }

        foreach (var speaker in _speakers)
        {
            if (speaker.Tunnels.NextDeadline <= Now.Boot)
            {
                speaker.Tunnels.HandleTimeout(Now);
            }
        }

        Exchange();
    }

    /// <summary>A datagram to the core, and what the core would send at once.</summary>
    public Packet Deliver(WirePath from, ReadOnlySpan<byte> datagram)
    {
        _batch.Clear();
        var packet = _batch.Add();
        packet.Fill(datagram);
        packet.Path = from;
        core.ReceiveDatagrams(Now, _batch);
        return packet;
    }

    /// <summary>From now on nothing is heard of a speaker, and it hears nothing.</summary>
    public void Silence(Speaker speaker) => _speakers.Remove(speaker);

    /// <summary>Takes all that the core sends now, and gives the last datagram to this address; null: there is none.</summary>
    public byte[]? Take(RealAddress to)
    {
        byte[]? last = null;
        takeEvents();
        while (core.Outbox.TryTakeDatagram(out var path, out var datagram))
        {
            last = path.Remote == to ? datagram : last;
        }

        return last;
    }

    /// <summary>Carries datagrams to and fro until there are none.</summary>
    /// <exception cref="Violation">There is no end to it.</exception>
    public void Exchange()
    {
        for (var round = 0; round < RoundsMost; round++)
        {
            var more = false;
            foreach (var speaker in _speakers)
            {
                while (speaker.Outbox.TryTakeDatagram(out _, out var datagram))
                {
                    more = true;
                    Deliver(new WirePath(0, speaker.Who.Address, 0), datagram);
                }
            }

            takeEvents();
            while (core.Outbox.TryTakeDatagram(out var path, out var datagram))
            {
                more = true;
                OnSent?.Invoke(path, datagram.Length);
                foreach (var speaker in _speakers)
                {
                    if (speaker.Who.Address == path.Remote)
                    {
                        speaker.Receive(Now, path, datagram);
                    }
                }
            }

            while (core.Outbox.TryTakePacket(out _))
            {
            }

            if (!more)
            {
                return;
            }
        }

        throw new Violation($"core and speakers talk on after {RoundsMost} rounds");
    }
}
