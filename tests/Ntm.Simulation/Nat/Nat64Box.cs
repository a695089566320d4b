using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>
/// The edge of a provider's network without IPv4 (RFC 6146, 6052): what goes to an address behind the prefix is translated to IPv4 and leaves through a NAT; all
/// else meets a firewall.
/// </summary>
public sealed class Nat64Box : IStation
{
    private readonly Segment _inside, _middle;
    private readonly Nat64Prefix _prefix;
    private readonly Firewall _firewall;

    /// <param name="world">The world.</param>
    /// <param name="name">For the flow.</param>
    /// <param name="behaviour">How it maps and filters.</param>
    /// <param name="inside">The segment with IPv6 alone; this is its gateway.</param>
    /// <param name="outside">The segment of both families.</param>
    /// <param name="address">Its IPv4 address outside.</param>
    /// <param name="prefix">Behind which IPv4 is reached.</param>
    /// <param name="insideAddresses">The addresses inside, IPv6.</param>
    public Nat64Box(World world, string name, NatBehaviour behaviour, Segment inside, Segment outside, RealAddress address, Nat64Prefix prefix, params ReadOnlySpan<RealAddress> insideAddresses)
    {
        (Name, _inside, _prefix) = (name, inside, prefix);
        _firewall = new Firewall(world, name + "'s firewall", inside, outside, insideAddresses);
        inside.Attach(this);
        inside.Gateway = this;
        _middle = new Segment(world, name + "'s IPv4");
        Nat = new NatBox(world, name + "'s NAT", behaviour, _middle, outside, address);
        _middle.Attach(this, insideAddresses);
    }

    public string Name { get; }

    public NatBox Nat { get; }

    public void Receive(SimDatagram datagram, Segment segment)
    {
        if (segment == _middle)
        {
            _inside.Send(this, datagram with { Source = _prefix.Embed(datagram.Source) });
        }
        else if (_prefix.TryExtract(datagram.Destination, out var ipv4))
        {
            Nat.Receive(datagram with { Destination = ipv4 }, _middle);
        }
        else
        {
            _firewall.Receive(datagram, segment);
        }
    }
}
