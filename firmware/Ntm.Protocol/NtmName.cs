using System.Diagnostics.CodeAnalysis;

namespace Ntm.Protocol;

/// <summary>Names as DNS allows them for hosts (RFC 1123): labels of a-z, 0-9 and inner hyphens, 1-63 long; lower case; no trailing dot.</summary>
public static class NtmName
{
    public const int LabelMost = 63;
    public const int NameMost = 253;

    public static bool IsLabel([NotNullWhen(true)] string? label)
    {
        if (label is not { Length: >= 1 and <= LabelMost } || label[0] == '-' || label[^1] == '-')
        {
            return false;
        }

        foreach (var c in label)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>At least one label, all good, 253 characters at most.</summary>
    public static bool IsZone([NotNullWhen(true)] string? zone) =>
        zone is { Length: >= 1 and <= NameMost } && Array.TrueForAll(zone.Split('.'), IsLabel);

    /// <summary>
    /// A label as near as may be to what somebody calls himself ("Bob's iPhone" becomes "bob-s-iphone"): its first label, lower case, all that no label may have as one
    /// hyphen, 63 characters at most. Null where nothing is left.
    /// </summary>
    public static string? Suggest(ReadOnlySpan<char> text)
    {
        Span<char> label = stackalloc char[LabelMost];
        var length = 0;
        foreach (var c in text)
        {
            if (c == '.' || length == LabelMost)
            {
                break;
            }

            var good = char.IsAsciiLetterOrDigit(c);
            if (good || (length > 0 && label[length - 1] != '-'))
            {
                label[length++] = good ? char.ToLowerInvariant(c) : '-';
            }
        }

        return length > 0 && label[length - 1] == '-' ? Suggest(label[..(length - 1)]) : length > 0 ? new string(label[..length]) : null;
    }

    /// <summary>Lower case, without a trailing dot; the input where that is all it is.</summary>
    public static string Canonical(string name) => name.TrimEnd('.').ToLowerInvariant();

    /// <summary>Splits a canonical name below <paramref name="zone"/> into its node and, where there is one, its device.</summary>
    /// <returns>False where it is not below the zone or has other than one or two labels there.</returns>
    public static bool TrySplit(string name, string zone, [NotNullWhen(true)] out string? node, out string? device)
    {
        node = device = null;
        if (name.Length <= zone.Length + 1 || !name.EndsWith(zone, StringComparison.Ordinal) || name[name.Length - zone.Length - 1] != '.')
        {
            return false;
        }

        var labels = name[..(name.Length - zone.Length - 1)].Split('.');
        if (labels.Length > 2 || !Array.TrueForAll(labels, IsLabel))
        {
            return false;
        }

        node = labels[^1];
        device = labels.Length == 2 ? labels[0] : null;
        return true;
    }
}
