using System.Globalization;

namespace Ntm.Protocol;

/// <summary>What of a device may be reached: everything, or up to 16 ranges of TCP and UDP ports. Text: "all", or "tcp/445,udp/5000-5010".</summary>
public sealed class PortSet : IEquatable<PortSet>
{
    /// <summary>Ranges in one set, at most.</summary>
    public const int RangesMost = 16;

    public const byte Tcp = 6;
    public const byte Udp = 17;

    private readonly Range[] _ranges;

    private PortSet(Range[] ranges) => _ranges = ranges;

    public static PortSet All { get; } = new([]);

    public bool IsAll => _ranges.Length == 0;

    /// <summary>Reads the text form; null or white space is everything.</summary>
    /// <param name="problem">Where false: what is wrong and how it is written, as a sentence.</param>
    public static bool TryParse(string? text, out PortSet ports, out string problem)
    {
        (ports, problem) = (All, "");
        if (string.IsNullOrWhiteSpace(text) || text.Trim() == "all")
        {
            return true;
        }

        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        if (parts.Length > RangesMost)
        {
            problem = $"There are {parts.Length} ports or ranges; {RangesMost} is the most. Join neighbouring ones as tcp/5000-5010.";
            return false;
        }

        var ranges = new Range[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!Range.TryParse(parts[i], out ranges[i]))
            {
                problem = $"'{(parts[i].Length > 40 ? parts[i][..40] : parts[i])}' is no port: write tcp/445, udp/53 or tcp/5000-5010, several with commas between them, or all.";
                return false;
            }
        }

        ports = new(ranges);
        return true;
    }

    /// <param name="protocol">IP protocol number; only TCP and UDP have ports.</param>
    public bool Contains(byte protocol, ushort port)
    {
        if (IsAll)
        {
            return true;
        }

        foreach (var range in _ranges)
        {
            if (range.Protocol == protocol && port >= range.First && port <= range.Last)
            {
                return true;
            }
        }

        return false;
    }

    public bool Equals(PortSet? other) => other is not null && _ranges.AsSpan().SequenceEqual(other._ranges);

    public override bool Equals(object? obj) => Equals(obj as PortSet);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var range in _ranges)
        {
            hash.Add(range);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => IsAll ? "all" : string.Join(',', _ranges);

    private readonly record struct Range(byte Protocol, ushort First, ushort Last)
    {
        public static bool TryParse(string text, out Range range)
        {
            range = default;
            var protocol = text.StartsWith("tcp/", StringComparison.Ordinal) ? Tcp : text.StartsWith("udp/", StringComparison.Ordinal) ? Udp : (byte)0;
            var ends = text.Length > 4 ? text[4..].Split('-') : [];
            if (protocol == 0 || ends.Length is not (1 or 2) || !TryPort(ends[0], out var first) || !TryPort(ends[^1], out var last) || first > last)
            {
                return false;
            }

            range = new(protocol, first, last);
            return true;
        }

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"{(Protocol == Tcp ? "tcp" : "udp")}/{First}{(First == Last ? "" : "-" + Last.ToString(CultureInfo.InvariantCulture))}");

        private static bool TryPort(string text, out ushort port) =>
            ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port != 0;
    }
}
