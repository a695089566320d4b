using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>Who is who: which VIP a LAN address is known by outside, and which face of a device a flow uses.</summary>
public sealed partial class DeviceProxy
{
    /// <summary>The remote VIP an address on the TUN stands for.</summary>
    private bool TryRemote(Now now, LanAddress destination, out VirtualAddress remote)
    {
        if (destination.IsIPv4)
        {
            return _aliases.TryFind(now, destination.IPv4, out remote);
        }

        remote = destination.AsVip;
        return remote.SameZone(_own) && !remote.SameNode(_own);
    }

    /// <summary>
    /// The flow a packet between one of ours and a remote belongs to: that of the face it speaks with, or the one in which the remote speaks with the device's
    /// other face and was sent here because the device has no address of that family.
    /// </summary>
    private FlowKey InUse(Now now, Device? device, LanAddress local, in FlowKey key)
    {
        if (device is null || _admission.Serves(now.Boot, key, local))
        {
            return key;
        }

        var other = key with { OwnNumber = (ushort)(key.OwnNumber ^ VirtualAddress.IPv6FaceBit) };
        return _admission.Serves(now.Boot, other, local) ? other : key;
    }

    private VirtualAddress FaceOf(Device device, LanAddress address) =>
        _own.WithNumber(address.IsIPv4 ? device.Number : (ushort)(device.Number | VirtualAddress.IPv6FaceBit));

    /// <summary>The VIP by which a LAN address is known outside; changes nothing.</summary>
    private Face OwnFace(LanAddress address, out VirtualAddress vip, out Device? device)
    {
        vip = _own;
        device = null;
        if (_ownAddresses.Contains(address))
        {
            return Face.Known;
        }

        device = _devices.Find(address);
        if (device is null)
        {
            // Aliases and VIPs are other homes'; a LAN machine that uses one is no device of ours.
            return address.IsUnicast && !(address.IsIPv4 ? _aliases.Contains(address.IPv4) : address.AsVip.SameZone(_own))
                ? Face.Unknown : Face.Foreign;
        }

        vip = FaceOf(device, address);
        return Face.Known;
    }

    private enum Face
    {
        Known,
        Unknown,
        Foreign,
    }
}
