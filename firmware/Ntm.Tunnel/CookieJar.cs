using Ntm.Protocol;

namespace Ntm.Tunnel;

/// <summary>
/// The cookies a peer has given us, one a path, because it made each for the address it saw us at. At most one a candidate; the oldest gives way.
/// </summary>
internal sealed class CookieJar
{
    private readonly List<Cookie> _cookies = [];

    public void Put(TimeSpan boot, WirePath path, ReadOnlySpan<byte> cookie)
    {
        _cookies.RemoveAll(old => old.Path == path || IsStale(boot, old));
        if (_cookies.Count > Limits.Candidates)
        {
            _cookies.RemoveAt(0);
        }

        _cookies.Add(new Cookie(path, cookie.ToArray(), boot));
    }

    /// <summary>The cookie for this path, if there is a fresh one.</summary>
    public byte[]? Find(TimeSpan boot, WirePath path)
    {
        foreach (var cookie in _cookies)
        {
            if (cookie.Path == path)
            {
                return IsStale(boot, cookie) ? null : cookie.Bytes;
            }
        }

        return null;
    }

    private static bool IsStale(TimeSpan boot, Cookie cookie) => boot - cookie.Received >= Limits.CookieLifetime;

    private sealed record Cookie(WirePath Path, byte[] Bytes, TimeSpan Received);
}
