using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Ntm.Gateway.Http;

/// <summary>The console's files (web/), carried inside the program: a closed list, so no path of a request ever touches the disk.</summary>
public static class ConsolePages
{
    private const string Prefix = "web/";

    private static readonly Dictionary<string, Page> Pages = Load();

    /// <summary>The addresses of the files.</summary>
    public static IReadOnlyCollection<string> Paths => Pages.Keys;

    /// <returns>False where there is no such file.</returns>
    public static bool TryServe(HttpContext context, out Task served)
    {
        served = Task.CompletedTask;
        if (!Pages.TryGetValue(context.Request.Path.Value ?? "", out var page))
        {
            return false;
        }

        var response = context.Response;
        response.Headers.ETag = page.Tag;
        response.Headers.CacheControl = "no-cache";
        if (context.Request.Headers.IfNoneMatch.Any(tag => tag is not null && tag.Contains(page.Tag, StringComparison.Ordinal)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return true;
        }

        response.ContentType = page.MediaType;
        response.ContentLength = page.Bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            served = response.Body.WriteAsync(page.Bytes, context.RequestAborted).AsTask();
        }

        return true;
    }

    private static Dictionary<string, Page> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var pages = new Dictionary<string, Page>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var page = new Page(bytes, MediaTypeOf(resource), $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\"");
            pages["/" + resource[Prefix.Length..]] = page;
        }

        pages["/"] = pages["/index.html"];
        pages["/problems"] = pages["/problems.html"];
        return pages;
    }

    private static string MediaTypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"web/ has a file ending in '{other}'; give it a media type here."),
    };

    private sealed record Page(byte[] Bytes, string MediaType, string Tag);
}
