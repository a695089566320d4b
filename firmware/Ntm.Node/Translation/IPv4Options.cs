namespace Ntm.Node.Translation;

/// <summary>Options of an IPv4 header (RFC 791 section 3.1). They are never translated; some forbid it.</summary>
internal static class IPv4Options
{
    /// <summary>An unexpired loose or strict source route (RFC 7915 section 4.1 forbids to translate it), or options that do not parse.</summary>
    public static bool AreSourceRouted(ReadOnlySpan<byte> options)
    {
        while (!options.IsEmpty && options[0] != 0)
        {
            if (options[0] == 1)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length)
            {
                return true;
            }

            if (options[0] is 131 or 137 && options[1] >= 3 && options[2] <= options[1])
            {
                return true;
            }

            options = options[options[1]..];
        }

        return false;
    }
}
