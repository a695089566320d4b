using System.Net;
using Microsoft.Extensions.Primitives;

namespace Ntm.Gateway.Http;

/// <summary>
/// Who may ask. The interface has no passwords yet: it trusts whoever can open its socket. What it must not trust is a browser on the
/// same machine that runs another site's page, so it refuses foreign Host headers (DNS rebinding) and whatever another origin's page sends.
/// </summary>
public static class RequestGuard
{
    /// <summary>Judges a request by its headers alone; null: let it pass.</summary>
    /// <param name="method">As sent.</param>
    /// <param name="path">Decoded, from '/'.</param>
    /// <param name="host">The Host header.</param>
    /// <param name="origin">The Origin header.</param>
    /// <param name="fetchSite">The Sec-Fetch-Site header (W3C Fetch Metadata).</param>
    public static Problem? Judge(string method, string path, HostString host, StringValues origin, StringValues fetchSite)
    {
        if (!IsOwnHost(host))
        {
            return Problem.HostNotAllowed(host.Value ?? "");
        }

        var safe = HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
        var interfaceCall = path.StartsWith("/api/", StringComparison.OrdinalIgnoreCase);
        if (safe && !interfaceCall)
        {
            return null;
        }

        // Browsers send Sec-Fetch-Site with every request to a potentially trustworthy origin, and localhost is one. "none" is the owner's own typing.
        if (fetchSite.Count > 0 && (fetchSite.Count > 1 || fetchSite[0] is not ("same-origin" or "none")))
        {
            return Problem.CrossOrigin(origin.Count > 0 ? origin.ToString() : $"another site ({fetchSite})");
        }

        return origin.Count == 0 || IsSameOrigin(origin, host) ? null : Problem.CrossOrigin(origin.ToString());
    }

    /// <summary>localhost, 127.0.0.1 or [::1], with any port or none.</summary>
    public static bool IsOwnHost(HostString host)
    {
        if (!host.HasValue)
        {
            return false;
        }

        var name = host.Host;
        var rest = host.Value![Math.Min(name.Length, host.Value.Length)..];
        var portGood = rest.Length == 0 || (rest[0] == ':' && ushort.TryParse(rest.AsSpan(1), System.Globalization.NumberStyles.None, null, out _));
        return portGood && (name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name == IPAddress.Loopback.ToString() || name == "[::1]");
    }

    private static bool IsSameOrigin(StringValues origin, HostString host) =>
        origin.Count == 1
        && Uri.TryCreate(origin[0], UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https"
        && uri.Authority.Equals(host.Value, StringComparison.OrdinalIgnoreCase);

    /// <summary>Headers of every answer.</summary>
    public static void Harden(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy =
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
    }
}
