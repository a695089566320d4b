using System.Net;
using System.Text.Json;
using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>A published device as it is registered with the coordinator.</summary>
public readonly record struct PublishedDevice(string Name, ushort Number);

/// <summary>
/// The LAN's devices: MAC addresses, number for good, LAN addresses, published name (docs/protocol.md section 2). A device gets its number when
/// it first needs one: when it speaks to the overlay, or is published. Numbers are never used again, not even after a device was forgotten.
/// It decides nothing about packets: <see cref="DeviceProxy"/>, <see cref="Admission"/>.
/// </summary>
public sealed partial class DeviceTable(Counters counters, Action<StoreWrite> keep)
{
    public const string Collection = "device";
    public const string MarkCollection = "device-mark";
    public const string MarkKey = "last-number";
    public const string NodeCollection = "node-published";
    public const string NodeKey = "ports";

    /// <summary>Counted: a stored entry that could not be read, or contradicts another.</summary>
    public const string EntryUnreadable = "device-entry-unreadable";

    /// <summary>Counted: a new device while all remembered ones are published or were seen of late.</summary>
    public const string Full = "device-table-full";

    private readonly Dictionary<MacAddress, Device> _byMac = [];
    private readonly Dictionary<LanAddress, Device> _byAddress = [];
    private readonly Dictionary<ushort, Device> _byNumber = [];
    private int _lastNumber;

    /// <summary>MAC addresses remembered.</summary>
    public int Count => _byMac.Count;

    private IEnumerable<Device> All => _byMac.Where(entry => entry.Key == entry.Value.Mac).Select(entry => entry.Value);

    /// <summary>Takes back what was kept before; entries of other collections are passed over. Call once, before anything else.</summary>
    public void Load(IEnumerable<StoreWrite> memory)
    {
        foreach (var write in memory)
        {
            if (write.Value is null)
            {
                continue;
            }

            if ((write.Collection == Collection && !TryLoadDevice(write)) || (write.Collection == MarkCollection && !TryLoadMark(write))
                || (write.Collection == NodeCollection && !TryLoadNode(write)))
            {
                counters.Count(EntryUnreadable);
            }
        }
    }

    /// <summary>An entry of the kernel's neighbour table. Addresses no LAN machine can have are passed over.</summary>
    public void NeighbourSeen(Now now, Neighbour neighbour)
    {
        if (!IsUsable(neighbour.Mac))
        {
            return;
        }

        var device = FindOrAdd(now, neighbour.Mac);
        if (device is null)
        {
            counters.Count(Full);
            return;
        }

        device.LastSeen = now.Boot;
        var address = LanAddress.From(neighbour.Address);
        if (!address.IsUnicast)
        {
            return;
        }

        var owner = _byAddress.GetValueOrDefault(address);
        if (owner != device)
        {
            owner?.Of(address).Remove(address);
            _byAddress[address] = device;
            PutFirst(now, device, address);
        }
    }

    /// <summary>What of the node itself (number 0) may be reached by others, besides echo requests; null: nothing.</summary>
    public PortSet? NodePublished { get; private set; }

    /// <summary>Lets others reach the node's own services, or with null no longer.</summary>
    public Verdict PublishNode(PortSet? ports)
    {
        if (NodePublished is null && ports is null)
        {
            return new(false, "The node itself is not published; nothing to take back.");
        }

        NodePublished = ports;
        keep(new(NodeCollection, NodeKey, ports is null ? null : JsonSerializer.SerializeToUtf8Bytes(
            new NodePublicationEntry(StoredEntries.Version, ports.ToString()), StoredEntries.Default.NodePublicationEntry)));
        return new(true, ports is null ? "The node itself is no longer published." : $"The node itself is published ({ports}).");
    }

    /// <summary>
    /// The DHCP leases there are: they tell what a device calls itself, and where it is while it sleeps. What was seen on the LAN lately is better known than they are; they
    /// are no sight of the device, and nobody gives way for them.
    /// </summary>
    public void LeasesSeen(Now now, IReadOnlyList<Lease> leases)
    {
        foreach (var lease in leases)
        {
            if (!IsUsable(lease.Mac) || (!_byMac.ContainsKey(lease.Mac) && _byMac.Count >= Limits.Devices))
            {
                continue;
            }

            var device = FindOrAdd(now, lease.Mac)!;
            device.Hint = lease.Hint ?? device.Hint;
            var address = LanAddress.From(lease.Address);
            var owner = _byAddress.GetValueOrDefault(address);
            if (!address.IsUnicast || owner == device || now.Boot - owner?.LastSeen < Limits.DeviceSeenLately || !device.Of(address).TryPutLast(address))
            {
                continue;
            }

            owner?.Of(address).Remove(address);
            _byAddress[address] = device;
            KeepSoon(now, device);
        }
    }

    /// <summary>Publishes a device under a name, renames it, or changes what of it may be reached. It need not have been seen yet.</summary>
    /// <param name="name">Null: the one it calls itself by.</param>
    /// <param name="ports">What of it may be reached; null: everything.</param>
    public Verdict Publish(Now now, MacAddress mac, string? name, PortSet? ports = null)
    {
        ports ??= PortSet.All;
        if (name is null && (name = _byMac.GetValueOrDefault(mac)?.Hint) is null)
        {
            return new(false, $"{mac} has not told a name of its own; give it one.");
        }

        var label = NtmName.Canonical(name);
        if (!NtmName.IsLabel(label))
        {
            return new(false, $"'{name}' cannot be a device's name: use 1 to 63 of the characters a-z, 0-9 and inner hyphens, such as 'nas-1'.");
        }

        if (!IsUsable(mac))
        {
            return new(false, $"{mac} is not one machine's address; take it from the list of devices.");
        }

        var published = 0;
        foreach (var other in All)
        {
            published += other.IsPublished && !other.Macs.Contains(mac) ? 1 : 0;
            if (other.Name == label && !other.Macs.Contains(mac))
            {
                return new(false, $"The name '{label}' is taken by {other.Mac}; choose another, or unpublish that device first.");
            }
        }

        if (published >= Limits.PublishedDevices)
        {
            return new(false, $"{published} devices are published, which is the most; unpublish one first.");
        }

        if (FindOrAdd(now, mac) is not { } device)
        {
            return new(false, $"All {Limits.Devices} places for devices are taken; unpublish one that is no longer there.");
        }

        if (device.Name == label && device.Ports.Equals(ports))
        {
            return new(true, $"{mac} was already published as '{label}'.");
        }

        if (!TryNumber(device))
        {
            return new(false, $"All {Limits.DeviceNumberLast} device numbers have been given away; this node needs a new key.");
        }

        device.Name = label;
        device.Ports = ports;
        Keep(now, device);
        return new(true, $"{mac} is published as '{label}' (number {device.Number}){(ports.IsAll ? "" : $", on {ports} only")}.");
    }

    /// <summary>Takes a published name back; flows that others began to the device end at once.</summary>
    public Verdict Unpublish(Now now, MacAddress mac)
    {
        if (_byMac.GetValueOrDefault(mac) is not { Name: { } name } device)
        {
            return new(false, $"{mac} is not published; nothing to take back.");
        }

        device.Name = null;
        device.Ports = PortSet.All;
        Keep(now, device);
        return new(true, $"{mac} is no longer published as '{name}'.");
    }

    /// <summary>What is published now, by number.</summary>
    public IReadOnlyList<PublishedDevice> Published() =>
        [.. All.Where(d => d.IsPublished).OrderBy(d => d.Number).Select(d => new PublishedDevice(d.Name!, d.Number))];

    /// <summary>A picture for people: published ones first, by name, then by MAC address.</summary>
    public IReadOnlyList<DeviceStatus> Describe() =>
        [.. All.OrderBy(d => d.Name is null).ThenBy(d => d.Name, StringComparer.Ordinal).ThenBy(d => d.Mac.Value).Select(Describe)];

    internal Device? Find(LanAddress address) => _byAddress.GetValueOrDefault(address);

    /// <param name="number">Either face; 0 is nobody's.</param>
    internal Device? Find(ushort number) => _byNumber.GetValueOrDefault((ushort)(number & Limits.DeviceNumberLast));

    /// <summary>The device spoke from this address of its own: it is the latest, and it has a number from now on.</summary>
    /// <returns>False where no number is left.</returns>
    internal bool TrySpoke(Now now, Device device, LanAddress from)
    {
        device.LastSeen = now.Boot;
        if (device.Of(from).Latest != from)
        {
            PutFirst(now, device, from);
        }

        if (device.Number != 0)
        {
            return true;
        }

        if (!TryNumber(device))
        {
            return false;
        }

        Keep(now, device);
        return true;
    }

    private static bool IsUsable(MacAddress mac) => mac.Value is not 0 and <= 0xFFFF_FFFF_FFFF && (mac.Value >> 40 & 1) == 0;

    private static DeviceStatus Describe(Device device)
    {
        var addresses = new List<IPAddress>(device.IPv4.Count + device.IPv6.Count);
        for (var i = 0; i < device.IPv4.Count; i++)
        {
            addresses.Add(device.IPv4[i].ToIPAddress());
        }

        for (var i = 0; i < device.IPv6.Count; i++)
        {
            addresses.Add(device.IPv6[i].ToIPAddress());
        }

        return new(device.Mac, device.Number, device.Name, addresses, device.LastSeen, device.Ports) { Macs = [.. device.Macs], Hint = device.Hint };
    }

    /// <param name="stays">Does not give way to it.</param>
    private Device? FindOrAdd(Now now, MacAddress mac, Device? stays = null)
    {
        if (_byMac.TryGetValue(mac, out var device) || !TryMakeRoom(now, stays))
        {
            return device;
        }

        return _byMac[mac] = new(mac);
    }

    /// <summary>The longest unseen gives way: first of those without a number, then of those not seen for a day; never a published or merged one.</summary>
    private bool TryMakeRoom(Now now, Device? stays)
    {
        if (_byMac.Count < Limits.Devices)
        {
            return true;
        }

        Device? oldest = null;
        foreach (var device in _byMac.Values)
        {
            if (device == stays || device.IsPublished || device.IsMerged || (device.Number != 0 && now.Boot - device.LastSeen < Limits.DeviceUnseenBeforeGivingWay))
            {
                continue;
            }

            if (oldest is null || GivesWayBefore(device, oldest))
            {
                oldest = device;
            }
        }

        if (oldest is null)
        {
            return false;
        }

        Forget(oldest);
        return true;
    }

    private static bool GivesWayBefore(Device one, Device other) => (one.Number != 0) == (other.Number != 0)
        ? (one.LastSeen ?? TimeSpan.MinValue) < (other.LastSeen ?? TimeSpan.MinValue)
        : one.Number == 0;

    private void Forget(Device device)
    {
        _byMac.Remove(device.Mac);
        ForgetAddresses(device);
        if (device.Number != 0)
        {
            _byNumber.Remove(device.Number);
            keep(new(Collection, device.Mac.ToString(), null));
        }
    }

    private void ForgetAddresses(Device device)
    {
        for (var i = 0; i < device.IPv4.Count; i++)
        {
            _byAddress.Remove(device.IPv4[i]);
        }

        for (var i = 0; i < device.IPv6.Count; i++)
        {
            _byAddress.Remove(device.IPv6[i]);
        }

        device.IPv4.Clear();
        device.IPv6.Clear();
    }

    private bool TryNumber(Device device)
    {
        if (device.Number != 0)
        {
            return true;
        }

        if (_lastNumber >= Limits.DeviceNumberLast)
        {
            return false;
        }

        device.Number = (ushort)++_lastNumber;
        _byNumber[device.Number] = device;

        // The mark first: losing the device's entry then costs a number, never gives one away twice.
        keep(new(MarkCollection, MarkKey, JsonSerializer.SerializeToUtf8Bytes(
            new DeviceMarkEntry(StoredEntries.Version, _lastNumber), StoredEntries.Default.DeviceMarkEntry)));
        return true;
    }

    private void PutFirst(Now now, Device device, LanAddress address)
    {
        var gone = device.Of(address).PutFirst(address);
        if (!gone.IsNone)
        {
            _byAddress.Remove(gone);
        }

        KeepSoon(now, device);
    }

    private void KeepSoon(Now now, Device device)
    {
        // A device with two busy addresses changes its latest all the time: the store is spared.
        if (device.IsPublished && device.Kept != (device.IPv4.Latest, device.IPv6.Latest)
            && !(now.Boot - device.KeptAt < Limits.DeviceAddressWriteSpacing))
        {
            Keep(now, device);
        }
    }

    private void Keep(Now now, Device device)
    {
        device.Kept = (device.IPv4.Latest, device.IPv6.Latest);
        device.KeptAt = now.Boot;
        var entry = new DeviceEntry(StoredEntries.Version, device.Number, device.Name,
            device.IsPublished && !device.Kept.IPv4.IsNone ? device.Kept.IPv4.ToString() : null,
            device.IsPublished && !device.Kept.IPv6.IsNone ? device.Kept.IPv6.ToString() : null,
            device.IsMerged ? [.. device.Macs.Skip(1).Select(mac => mac.ToString())] : null,
            device.Ports.IsAll ? null : device.Ports.ToString());
        keep(new(Collection, device.Mac.ToString(), JsonSerializer.SerializeToUtf8Bytes(entry, StoredEntries.Default.DeviceEntry)));
    }

    private bool TryLoadMark(StoreWrite write)
    {
        if (StoredEntries.TryRead(write.Value, StoredEntries.Default.DeviceMarkEntry) is not { Version: StoredEntries.Version } mark
            || mark.Last is < 0 or > Limits.DeviceNumberLast)
        {
            return false;
        }

        _lastNumber = Math.Max(_lastNumber, mark.Last);
        return true;
    }

    private bool TryLoadNode(StoreWrite write)
    {
        if (StoredEntries.TryRead(write.Value, StoredEntries.Default.NodePublicationEntry) is not { Version: StoredEntries.Version } entry
            || !PortSet.TryParse(entry.Ports, out var ports, out _))
        {
            return false;
        }

        NodePublished = ports;
        return true;
    }

    private bool TryLoadDevice(StoreWrite write)
    {
        if (StoredEntries.TryRead(write.Value, StoredEntries.Default.DeviceEntry) is not { Version: StoredEntries.Version } entry
            || entry.Number is < 1 or > Limits.DeviceNumberLast
            || (entry.Name is not null && (!NtmName.IsLabel(entry.Name) || _byMac.Values.Any(d => d.Name == entry.Name)))
            || !TryLoadMacs([write.Key, .. entry.Macs ?? []], out var macs) || _byNumber.ContainsKey((ushort)entry.Number)
            || !PortSet.TryParse(entry.Ports, out var ports, out _))
        {
            return false;
        }

        var device = new Device(macs[0]) { Number = (ushort)entry.Number, Name = entry.Name, Ports = ports };
        device.Macs.AddRange(macs[1..]);
        foreach (var text in (ReadOnlySpan<string?>)[entry.IPv4, entry.IPv6])
        {
            if (LanAddress.TryParse(text, out var address) && address.IsUnicast && _byAddress.TryAdd(address, device))
            {
                device.Of(address).PutFirst(address);
            }
        }

        device.Kept = (device.IPv4.Latest, device.IPv6.Latest);
        macs.ForEach(mac => _byMac[mac] = device);
        _byNumber[device.Number] = device;
        _lastNumber = Math.Max(_lastNumber, entry.Number);
        return true;
    }

    /// <summary>All or none: an entry is used as it was written, or not at all.</summary>
    private bool TryLoadMacs(IReadOnlyList<string> texts, out List<MacAddress> macs)
    {
        macs = [];
        if (texts.Count > Limits.MacsPerDevice || _byMac.Count + texts.Count > Limits.Devices)
        {
            return false;
        }

        foreach (var text in texts)
        {
            if (!MacAddress.TryParse(text, out var mac) || !IsUsable(mac) || _byMac.ContainsKey(mac) || macs.Contains(mac))
            {
                return false;
            }

            macs.Add(mac);
        }

        return true;
    }
}
