using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Net.Http.Headers;

namespace Ntm.Gateway.Http;

/// <summary>Reads a request's JSON strictly: no unknown, doubled or wrongly typed key passes, and the refusal names the key.</summary>
public static class RequestBody
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <returns>The document, or the problem with it.</returns>
    /// <exception cref="BadHttpRequestException">The body is too large or breaks off.</exception>
    public static async Task<(T? Document, Problem? Problem)> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken stop)
        where T : class
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var declared)
            || !declared.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (declared.Charset.HasValue && !declared.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            return (null, Problem.NotJson(request.ContentType));
        }

        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, stop);
        return Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), type);
    }

    /// <summary>The pure part of <see cref="ReadAsync{T}"/>.</summary>
    public static (T? Document, Problem? Problem) Parse<T>(ReadOnlyMemory<byte> utf8, JsonTypeInfo<T> type)
        where T : class
    {
        var known = type.Properties.Select(property => property.Name).ToList();
        var wanted = $"Send one JSON object with {string.Join(" and ", known.Select(name => $"'{name}'"))}.";
        try
        {
            using var document = JsonDocument.Parse(utf8, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (null, Problem.BadDocument($"The body is JSON, but no object. {wanted}"));
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (!known.Contains(property.Name, StringComparer.Ordinal))
                {
                    var name = property.Name.Length > 40 ? property.Name[..40] + "..." : property.Name;
                    return (null, Problem.BadDocument($"The key '{name}' is not known here. {wanted}"));
                }
            }

            return document.Deserialize(type) is { } read ? (read, null) : (null, Problem.BadDocument(wanted));
        }
        catch (JsonException broken)
        {
            var key = broken.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : null;
            if (key is not null && known.Contains(key, StringComparer.Ordinal))
            {
                return (null, Problem.BadDocument($"The value of '{key}' is not text. {wanted}"));
            }

            return (null, broken.LineNumber is { } line
                ? Problem.BadDocument($"The body is not JSON: it breaks at line {line + 1}, byte {broken.BytePositionInLine + 1}. {wanted}")
                : Problem.BadDocument($"The body is not JSON, or has a key twice. {wanted}"));
        }
    }
}
