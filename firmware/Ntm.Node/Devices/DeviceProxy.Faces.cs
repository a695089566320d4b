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
        return IsVirtual(remote) && !remote.SameNode(_own);
    }

    /// <summary>Whether it is an address of this zone, or of another zone's node that is a peer.</summary>
    private bool IsVirtual(VirtualAddress any) => any.SameZone(_own) || (any.IsUniqueLocal && AccessOf(any) is not null);

    /// <summary>
    /// The flow a packet between one of ours and a remote belongs to: that of the face it speaks with, or the one in which the remote speaks with the device's
    /// other face and was sent here because the device has no address of that family, or the one that has another port outside.
    /// </summary>
    private FlowKey InUse(Now now, Device? device, LanAddress local, in FlowKey key, out LanAddress holder)
    {
        holder = _admission.LocalOf(now.Boot, key);
        if (holder == local)
        {
            return key;
        }

        var other = key with { OwnNumber = (ushort)(key.OwnNumber ^ VirtualAddress.IPv6FaceBit) };
        if (device is not null && _admission.Serves(now.Boot, other, local))
        {
            holder = local;
            return other;
        }

        if (!_ports.TryFind(key, local, out var outside))
        {
            return key;
        }

        if (_admission.LocalOf(now.Boot, outside) is var there && (there.IsNone || there == local))
        {
            holder = local;
            return outside;
        }

        _ports.Remove(outside); // while nobody used it, another flow of the device's took its port
        return key;
    }

    /// <summary>
    /// As <see cref="InUse"/>, for a packet that may begin a flow: where another address of the same device has one of the same port with the same remote, it gets another port.
    /// </summary>
    /// <returns>False where there is none.</returns>
    private bool TryUse(Now now, Device? device, LanAddress local, ref FlowKey key)
    {
        var inside = key;
        key = InUse(now, device, local, inside, out var holder);

        // Of an address that is the device's no more, it takes the flow over.
        if (holder.IsNone || holder == local || !(device?.Of(holder).Contains(holder) ?? _ownAddresses.Contains(holder)))
        {
            return true;
        }

        foreach (var port in PortMappings.Candidates(inside.OwnPort))
        {
            var outside = inside with { OwnPort = port };
            if (port != inside.OwnPort && !_ports.Has(outside) && !_admission.HasFlow(now.Boot, outside))
            {
                _ports.Add(inside, local, outside);
                key = outside;
                return true;
            }
        }

        return false;
    }

    /// <summary>A port without a flow is the device's own again: what a remote begins there is no answer.</summary>
    private void ForgetPort(Now now, in FlowKey key)
    {
        if (_ports.Has(key) && !_admission.HasFlow(now.Boot, key))
        {
            _ports.Remove(key);
        }
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
            return address.IsUnicast && !(address.IsIPv4 ? _aliases.Contains(address.IPv4) : IsVirtual(address.AsVip))
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
