using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Ntm.Real.Tests;

/// <summary>Random bytes over TCP from one namespace to another, and their hashes compared.</summary>
internal static class BulkTransfer
{
    /// <param name="address">The receiver's.</param>
    public static void Run(TestNamespace from, TestNamespace to, IPAddress address, int bytes)
    {
        using var listener = to.In(() =>
        {
            var made = new TcpListener(address, 0);
            made.Start();
            return made;
        });
        using var sender = from.In(() => new TcpClient(address.AddressFamily));
        var sent = RandomNumberGenerator.GetBytes(bytes);
        var received = Task.Run(async () =>
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            return await SHA256.HashDataAsync(accepted.GetStream());
        });
        sender.Connect((IPEndPoint)listener.LocalEndpoint);
        sender.GetStream().Write(sent);
        sender.Client.Shutdown(SocketShutdown.Send);
        Assert.True(received.Wait(TimeSpan.FromSeconds(60)), $"{bytes} bytes did not arrive in 60 s");
        Assert.Equal(SHA256.HashData(sent), received.Result);
    }
}
