using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Ntm.Hosting;

namespace Ntm.Gateway.Http;

/// <summary>Kestrel around the <see cref="HttpInterface"/>, with nothing that a file or variable of ASP.NET's could change; and the Unix socket.</summary>
public static class HttpServer
{
    /// <summary>Read and write for owner and group: whoever may open the socket may steer the gateway.</summary>
    public const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <param name="listen">Says where to listen.</param>
    /// <param name="compose">Adds logging and what else runs beside it.</param>
    public static WebApplication Build(Desk desk, PictureFeed feed, Action<KestrelServerOptions> listen, Action<WebApplicationBuilder>? compose = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "ntm-gateway" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            HttpInterface.Limit(kestrel);
            listen(kestrel);
        });
        builder.Services.AddRoutingCore();
        compose?.Invoke(builder);

        var app = builder.Build();
        app.Lifetime.ApplicationStopping.Register(feed.Close);
        HttpInterface.Map(app, desk, feed);
        return app;
    }

    /// <summary>Makes way for our socket: a file left by a gateway that is gone is removed.</summary>
    /// <returns>Null, or why the gateway cannot listen there.</returns>
    public static FatalException? Prepare(string socket)
    {
        try
        {
            if (Path.GetDirectoryName(socket) is { Length: > 0 } directory)
            {
                Directory.CreateDirectory(directory);
            }

            if (!File.Exists(socket))
            {
                return null;
            }

            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            probe.Connect(new UnixDomainSocketEndPoint(socket));
            return new(ExitCode.Unavailable,
                $"Another program already listens on {socket}. Stop it (systemctl stop ntm-gateway), or give this one another \"socket\" in its configuration.");
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return Remove(socket);
        }
        catch (SocketException other)
        {
            return new(ExitCode.Exists,
                $"{socket} is in the way: it is no socket that can be opened ({other.Message}). Remove it, or give another \"socket\" in the configuration.");
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new(ExitCode.NotPermitted, $"The socket {socket} cannot be made: {denied.Message} Run as root, or give another \"socket\" in the configuration.");
        }
    }

    // A plain file also refuses connections; only sockets of a dead gateway are ours to delete.
    private static FatalException? Remove(string socket)
    {
        try
        {
            if (new FileInfo(socket) is { Length: > 0 } || (File.GetAttributes(socket) & FileAttributes.Normal) != 0 && !IsSocket(socket))
            {
                return new(ExitCode.Exists, $"{socket} is in the way: it is a file, not a socket. Remove it, or give another \"socket\" in the configuration.");
            }

            File.Delete(socket);
            return null;
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return new(ExitCode.NotPermitted, $"The left-over socket {socket} cannot be removed: {denied.Message} Run as the user who owns it.");
        }
    }

    // .NET shows no socket bit; opening one as a file fails with ENXIO, opening a plain file does not.
    private static bool IsSocket(string path)
    {
        try
        {
            using var _ = File.OpenRead(path);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
