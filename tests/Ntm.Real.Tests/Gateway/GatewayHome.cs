using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Ntm.Box.Os;
using Ntm.Interface;
using System.Text.Json;
using Located = Ntm.Box.Os.Programs;

namespace Ntm.Real.Tests.Gateway;

/// <summary>A home without a zone: a gateway's namespace with a LAN and an uplink, and a folder. The program is the real one.</summary>
internal sealed class GatewayHome : IDisposable
{
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(60);

    private readonly Located _programs = Located.Locate(AppContext.BaseDirectory);

    public GatewayHome()
    {
        Inside = new TestNamespace("g");
        Outside = new TestNamespace("o");
        Inside.JoinTo(Outside, "wan0", "wan1", ["192.0.2.2/24"], ["192.0.2.1/24"]);
        Inside.JoinTo(Outside, "lan0", "lan1", ["192.168.1.1/24"], []);
        Inside.Run("ip route add default via 192.0.2.1");
        Folder = Directory.CreateTempSubdirectory("ntm-gateway-").FullName;
        Configure("");
    }

    public TestNamespace Inside { get; }

    /// <summary>The uplink's other end, and the LAN's (lan1, without an address).</summary>
    public TestNamespace Outside { get; }

    public string Folder { get; }

    public string Socket => Path.Combine(Folder, "data", "gateway.sock");

    public string Store => Path.Combine(Folder, "data", "gateway.db");

    private string Config => Path.Combine(Folder, "gateway.json");

    /// <param name="more">Further keys, each followed by a comma.</param>
    /// <param name="lan">Further keys of "lan", each with a comma before it.</param>
    public void Configure(string more, int port = 0, string lan = "") => File.WriteAllText(Config,
        $$"""
        {
          {{more}}
          "data": "data",
          "lan": { "interface": "lan0", "networks": ["192.168.1.0/24"]{{lan}} },
          "uplinks": [ { "name": "catv", "interface": "wan0", "port": {{port}} } ],
          "dns": { "listen": ["127.0.0.1:5354"] }
        }
        """);

    /// <summary>Starts the gateway and waits until it answers.</summary>
    public Process Start(params (string Name, string Value)[] environment)
    {
        var gateway = Inside.Start($"{_programs.Gateway} run --config {Config}", environment);
        TestNamespace.WaitFor(() => gateway.HasExited || Answers(), "the gateway's first answer", Patient);
        Assert.False(gateway.HasExited, "The gateway ended at its start.");
        return gateway;
    }

    /// <summary>Runs the gateway, which is to end by itself.</summary>
    /// <param name="before">Words before the program's name: another program that runs it.</param>
    public (int Code, string Said) Refused(string before = "")
    {
        string[] words = ["netns", "exec", Inside.Name, .. before.Split(' ', StringSplitOptions.RemoveEmptyEntries), _programs.Gateway, "run", "--config", Config];
        using var process = Process.Start(new ProcessStartInfo("ip", words) { RedirectStandardError = true })!;
        var said = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patient))
        {
            process.Kill();
            throw new TimeoutException("The gateway runs although it was to refuse.");
        }

        return (process.ExitCode, said.Result);
    }

    /// <summary>Ends it as systemd does.</summary>
    /// <returns>Its exit code.</returns>
    public int Stop(Process gateway)
    {
        Inside.Run($"kill -TERM {gateway.Id}");
        Assert.True(gateway.WaitForExit(Patient), "The gateway did not end at SIGTERM.");
        return gateway.ExitCode;
    }

    public StatusDocument Status() => JsonSerializer.Deserialize(Inside.Run($"{_programs.Ntm} --socket {Socket} --json status"), InterfaceJson.Wire.StatusDocument)!;

    public IReadOnlyList<DeviceDocument> Devices() =>
        JsonSerializer.Deserialize(Inside.Run($"{_programs.Ntm} --socket {Socket} --json devices"), InterfaceJson.Wire.IReadOnlyListDeviceDocument)!;

    /// <returns>What it printed.</returns>
    public string Ntm(string command) => Inside.Run($"{_programs.Ntm} --socket {Socket} {command}");

    public UplinkDocument Uplink() => Status().Uplinks.Single();

    /// <summary>Asks the gateway's DNS over UDP; null: nothing came within a second.</summary>
    public byte[]? Ask(byte[] question) => Inside.In<byte[]?>(() =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 1000 };
        socket.Connect("127.0.0.1", 5354);
        socket.Send(question);
        var answer = new byte[1500];
        try
        {
            return answer[..socket.Receive(answer)];
        }
        catch (SocketException)
        {
            return null;
        }
    });

    /// <summary>A question for an A record.</summary>
    public static byte[] Question(string name)
    {
        var bytes = new List<byte> { 0x4E, 0x54, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.'))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        bytes.AddRange([0, 0, 1, 0, 1]);
        return [.. bytes];
    }

    public void Dispose()
    {
        Inside.Dispose();
        Outside.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private bool Answers()
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(Socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
