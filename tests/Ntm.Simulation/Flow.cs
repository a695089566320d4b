using System.Globalization;
using System.Text;
using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>One datagram's journey from host to host, recorded where it ended.</summary>
/// <param name="Fate">Null: arrived; else why it did not.</param>
public sealed record FlowStep(TimeSpan At, string From, string To, string Kind, int Size, uint Channel, ulong Fingerprint, string? Fate);

/// <summary>What happened between hosts, in order: prints as a transcript and as a mermaid sequence diagram.</summary>
public sealed class Flow
{
    private readonly World _world;
    private readonly List<FlowStep> _steps = [];

    internal Flow(World world) => _world = world;

    public IReadOnlyList<FlowStep> Steps => _steps;

    /// <summary>Off for long walks whose transcript nobody wants.</summary>
    public bool IsRecording { get; set; } = true;

    /// <summary>Datagrams that did not arrive, whether recorded or not.</summary>
    public long LostCount { get; private set; }

    internal void Arrived(SimDatagram datagram, string at) => Add(datagram, at, null);

    internal void Lost(SimDatagram datagram, string why)
    {
        LostCount++;
        Add(datagram, _world.Backbone.Find(datagram.Destination)?.Name ?? datagram.Destination.ToIPAddress().ToString(), why);
    }

    private void Add(SimDatagram datagram, string to, string? fate)
    {
        if (!IsRecording)
        {
            return;
        }

        var bytes = datagram.Bytes;
        _steps.Add(new FlowStep(
            _world.Clock.Elapsed, datagram.Origin, to, KindOf(bytes), bytes.Length, bytes.Length >= 4 ? TunnelMessage.ReadChannel(bytes) : 0,
            Fingerprint(bytes), fate));
    }

    /// <summary>Kind of message in the project's words.</summary>
    public static string KindOf(ReadOnlySpan<byte> datagram) => TunnelMessage.Classify(datagram) switch
    {
        TunnelMessage.Initiation => "tunnel request",
        TunnelMessage.Response => "tunnel response",
        TunnelMessage.CookieReply => "cookie reply",
        TunnelMessage.Transport => datagram.Length == TunnelMessage.TransportOverhead ? "keep-alive" : "sealed packet",
        _ => "something else",
    };

    /// <summary>Every step on a line, with the time and a fingerprint of the bytes: equal transcripts are equal runs.</summary>
    public string Transcript()
    {
        var text = new StringBuilder();
        foreach (var s in _steps)
        {
            text.Append(CultureInfo.InvariantCulture, $"{s.At.TotalSeconds:F7} {s.From} -> {s.To}: {s.Kind} {s.Size}");
            if (s.Channel != 0 && s.Kind != "something else")
            {
                text.Append(CultureInfo.InvariantCulture, $" channel {s.Channel}");
            }

            text.Append(CultureInfo.InvariantCulture, $" #{s.Fingerprint:x16}{(s.Fate is null ? "" : " x " + s.Fate)}\n");
        }

        return text.ToString();
    }

    /// <summary>A mermaid sequence diagram. Runs of equal steps are drawn once, with their count.</summary>
    /// <param name="most">Arrows drawn at most; a note tells of the rest.</param>
    public string ToMermaid(int most = 200)
    {
        var text = new StringBuilder("sequenceDiagram\n");
        foreach (var name in _steps.SelectMany(s => (string[])[s.From, s.To]).Distinct())
        {
            text.Append(CultureInfo.InvariantCulture, $"    participant {Id(name)} as {name}\n");
        }

        var arrows = 0;
        for (var i = 0; i < _steps.Count; arrows++)
        {
            var s = _steps[i];
            if (arrows == most)
            {
                text.Append(CultureInfo.InvariantCulture, $"    Note over {Id(s.From)}: {_steps.Count - i} further datagrams\n");
                break;
            }

            var run = 1;
            var same = SameArrow(s);
            while (i + run < _steps.Count && SameArrow(_steps[i + run]) == same)
            {
                run++;
            }

            text.Append(CultureInfo.InvariantCulture, $"    {Id(s.From)}{(s.Fate is null ? "->>" : "--x")}{Id(s.To)}: {s.Kind}, {s.Size} bytes");
            text.Append(s.Channel != 0 && s.Kind != "something else" ? string.Create(CultureInfo.InvariantCulture, $", channel {s.Channel}") : "");
            text.Append(run > 1 ? string.Create(CultureInfo.InvariantCulture, $" (x{run})") : "");
            text.Append(s.Fate is null ? "" : $" ({s.Fate})").Append('\n');
            i += run;
        }

        return text.ToString();

        static (string, string, string, int, uint, string?) SameArrow(FlowStep s) => (s.From, s.To, s.Kind, s.Size, s.Channel, s.Fate);

        static string Id(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
    }

    private static ulong Fingerprint(ReadOnlySpan<byte> bytes)
    {
        var hash = 0xCBF2_9CE4_8422_2325UL;   // FNV-1a
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 0x0000_0100_0000_01B3UL;
        }

        return hash;
    }
}
