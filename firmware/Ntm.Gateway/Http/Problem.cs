using System.Text.Json;
using Ntm.Interface;

namespace Ntm.Gateway.Http;

/// <summary>A refusal as RFC 9457 wants it. The kinds are a closed list: docs/http.md and the console's page /problems explain each.</summary>
/// <param name="Kind">One of the constants below.</param>
/// <param name="Status">HTTP status code.</param>
/// <param name="Title">What, the same for every problem of the kind.</param>
/// <param name="Detail">Where, and what to do.</param>
public sealed record Problem(string Kind, int Status, string Title, string Detail)
{
    public const string MediaType = "application/problem+json";

    /// <summary>Longest piece of a request that a problem repeats, in characters.</summary>
    private const int QuotedMost = 80;

    public static Problem HostNotAllowed(string host) => new("host-not-allowed", StatusCodes.Status421MisdirectedRequest,
        "This host name is not the gateway's",
        $"The request's Host is '{Quoted(host)}'. Open the interface as localhost, 127.0.0.1 or [::1]; other names are refused because a web site could make its own name point here.");

    public static Problem CrossOrigin(string origin) => new("cross-origin", StatusCodes.Status403Forbidden,
        "Other web sites may not use the gateway",
        $"The request was made by a page of '{Quoted(origin)}'. Use the gateway's own console, or ntm.");

    public static Problem NotFound(string path) => new("not-found", StatusCodes.Status404NotFound,
        "There is nothing at this address",
        $"'{Quoted(path)}' is not an address of this interface. docs/http.md lists them.");

    public static Problem UnknownHandover(string id) => NotFound(id) with
    {
        Detail = $"'{Quoted(id)}' is no handover's number, or it is no longer remembered. GET /api/v1/handovers, and 'ntm handovers', list them.",
    };

    public static Problem MethodNotAllowed(string method, string path) => new("method-not-allowed", StatusCodes.Status405MethodNotAllowed,
        "This address does not take this method",
        $"'{Quoted(path)}' does not take {Quoted(method)}. The Allow header of this answer names the methods it takes.");

    public static Problem NotJson(string? contentType) => new("not-json", StatusCodes.Status415UnsupportedMediaType,
        "The body is not declared as JSON",
        $"The Content-Type is '{Quoted(contentType ?? "")}'. Send the document as application/json in UTF-8.");

    public static Problem BodyTooLarge { get; } = new("body-too-large", StatusCodes.Status413PayloadTooLarge,
        "The body is too large",
        $"This interface takes bodies of at most {HttpInterface.BodyMost} bytes.");

    public static Problem BadDocument(string detail) => new("bad-document", StatusCodes.Status400BadRequest,
        "The document is not as this address wants it", detail);

    public static Problem BadRequest(string detail) => new("bad-request", StatusCodes.Status400BadRequest,
        "The request could not be read", detail);

    public static Problem BadName(string name, string wanted) => new("bad-name", StatusCodes.Status400BadRequest,
        "This cannot be a name",
        $"'{Quoted(name)}' is not {wanted}: labels of 1 to 63 characters a-z, 0-9 and inner hyphens.");

    public static Problem UnknownDevice(string device) => new("unknown-device", StatusCodes.Status404NotFound,
        "This device is not known",
        $"'{Quoted(device)}' is neither a MAC address nor the address of a device seen on the LAN. 'ntm devices' and the console list the known ones; a device that has been silent shows up when it sends something.");

    public static Problem Refused(string title, string reason) => new("refused", StatusCodes.Status409Conflict, title, reason);

    public static Problem Busy(string detail) => new("busy", StatusCodes.Status503ServiceUnavailable, "The gateway has no room for this now", detail);

    public static Problem NoAnswer(string detail) => new("no-answer", StatusCodes.Status504GatewayTimeout, "No answer came in time", detail);

    public static Problem Internal { get; } = new("internal", StatusCodes.Status500InternalServerError,
        "The gateway made a mistake",
        "This is a defect of the gateway, not of the request. Its log says more; nothing was changed by this request as far as it knows.");

    /// <summary>The kinds, for the page /problems and the convention test.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    [
        "host-not-allowed", "cross-origin", "not-found", "method-not-allowed", "not-json", "body-too-large", "bad-document", "bad-request",
        "bad-name", "unknown-device", "refused", "busy", "no-answer", "internal",
    ];

    public ProblemDocument Document => new($"/problems#{Kind}", Title, Status, Detail);

    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        context.Response.ContentType = MediaType;
        context.Response.Headers.CacheControl = "no-store";
        var bytes = JsonSerializer.SerializeToUtf8Bytes(Document, InterfaceJson.Wire.ProblemDocument);
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    internal static string Quoted(string text)
    {
        var cut = text.Length <= QuotedMost ? text : text[..QuotedMost] + "...";
        return string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }
}
