using Ntm.Box.Os;

namespace Ntm.Box.Handover;

/// <summary>A home with several uplinks: a gateway, and one device with a fixed address.</summary>
/// <param name="Name">A label.</param>
/// <param name="Number">Its place among the homes, from 1 on.</param>
/// <param name="Gateway">Where the gateway runs.</param>
/// <param name="Device">Where its device is.</param>
/// <param name="Directory">For its files.</param>
internal sealed record HandoverHome(string Name, int Number, NetworkNamespace Gateway, NetworkNamespace Device, string Directory)
{
    public const string DeviceAddress = "192.168.1.20";
    public const string GatewayAddress = "192.168.1.1";

    /// <summary>In the owner's order of preference.</summary>
    public List<WiredUplink> Uplinks { get; } = [];

    public string Mac => $"02:00:5e:00:{Number:x2}:01";

    public string GatewayDirectory => Path.Combine(Directory, "gateway");

    public string Socket => Path.Combine(GatewayDirectory, "gateway.sock");

    /// <summary>Its gateway's program, once it runs.</summary>
    public Child? Program { get; set; }

    public WiredUplink Uplink(string name) => Uplinks.First(u => u.Name == name);
}
