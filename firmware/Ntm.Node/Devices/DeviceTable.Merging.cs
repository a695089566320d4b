using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>One machine under several MAC addresses (a randomised one, Wi-Fi and cable): only its owner can know that, and says so here.</summary>
public sealed partial class DeviceTable
{
    /// <summary>
    /// Makes <paramref name="other"/> and all that was merged with it the same device as <paramref name="mac"/>, whose number is that of all from then on. The other's number
    /// is nobody's any more: flows with it end. A published name stays, whosever it was. Neither need have been seen yet.
    /// </summary>
    public Verdict Merge(Now now, MacAddress mac, MacAddress other)
    {
        if (!IsUsable(mac) || !IsUsable(other))
        {
            return new(false, $"{(IsUsable(mac) ? other : mac)} is not one machine's address; take it from the list of devices.");
        }

        if (mac == other)
        {
            return new(false, $"{mac} stands there twice; name two different addresses.");
        }

        var device = _byMac.GetValueOrDefault(mac);
        var second = _byMac.GetValueOrDefault(other);
        if (device is not null && device == second)
        {
            return new(true, $"{mac} and {other} were already one device.");
        }

        if (device is { Name: { } one } && second is { Name: { } two })
        {
            return new(false, $"Both are published, {mac} as '{one}' and {other} as '{two}'; unpublish the name that is to go first.");
        }

        if ((device?.Macs.Count ?? 1) + (second?.Macs.Count ?? 1) > Limits.MacsPerDevice)
        {
            return new(false, $"A device has {Limits.MacsPerDevice} MAC addresses at most; split off those it has no more.");
        }

        if ((device = FindOrAdd(now, mac, second)) is null || (second = FindOrAdd(now, other, device)) is null)
        {
            return new(false, $"All {Limits.Devices} places for devices are taken; unpublish or split one that is no longer there.");
        }

        if (!TryNumber(device))
        {
            return new(false, $"All {Limits.DeviceNumberLast} device numbers have been given away; this node needs a new key.");
        }

        Absorb(device, second);
        Keep(now, device);
        return new(true, $"{mac} and {other} are one device from now on, {(device.Name is { } name ? $"published as '{name}' (number {device.Number})" : $"number {device.Number}")}.");
    }

    /// <summary>
    /// Takes <paramref name="mac"/> off its device: it is one of its own again, without a name and with a new number when it needs one. Number and name stay with the others.
    /// All their addresses are learnt anew, since nobody knows whose they are.
    /// </summary>
    /// <param name="of">Any MAC address of the device it is to be taken off.</param>
    public Verdict Split(Now now, MacAddress of, MacAddress mac)
    {
        if (_byMac.GetValueOrDefault(mac) is not { } device || device != _byMac.GetValueOrDefault(of))
        {
            return new(false, $"{mac} is not one of the MAC addresses of {of}; the list of devices shows them.");
        }

        if (!device.IsMerged)
        {
            return new(false, $"{mac} is a device of its own already.");
        }

        keep(new(Collection, device.Mac.ToString(), null));
        device.Macs.Remove(mac);
        ForgetAddresses(device);
        device.Hint = null;
        _byMac[mac] = new(mac);
        Keep(now, device);
        return new(true, $"{mac} is a device of its own again; {device.Mac} keeps number {device.Number}{(device.Name is { } name ? $" and the name '{name}'" : "")}.");
    }

    private void Absorb(Device device, Device second)
    {
        if (second.Number != 0)
        {
            _byNumber.Remove(second.Number);
            keep(new(Collection, second.Mac.ToString(), null));
        }

        device.Name ??= second.Name;
        device.Hint ??= second.Hint;
        second.Macs.ForEach(mac => _byMac[mac] = device);
        device.Macs.AddRange(second.Macs);

        // Who was seen last has the latest addresses; of too many, the oldest go.
        var later = !(second.LastSeen < device.LastSeen || second.LastSeen is null);
        device.LastSeen = later ? second.LastSeen : device.LastSeen;
        foreach (var (own, others) in new[] { (device.IPv4, second.IPv4), (device.IPv6, second.IPv6) })
        {
            LanAddress[] latest = [.. later ? Listed(others) : Listed(own), .. later ? Listed(own) : Listed(others)];
            own.Clear();
            foreach (var address in latest)
            {
                if (own.TryPutLast(address))
                {
                    _byAddress[address] = device;
                }
                else
                {
                    _byAddress.Remove(address);
                }
            }
        }
    }

    private static IEnumerable<LanAddress> Listed(LatestFirst addresses) => Enumerable.Range(0, addresses.Count).Select(i => addresses[i]);
}
