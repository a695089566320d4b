using Ntm.Protocol;

namespace Ntm.Node.Devices;

/// <summary>A device's addresses of one family, the latest first; at most <see cref="Limits.AddressesPerDevice"/>, the oldest gives way.</summary>
internal sealed class LatestFirst
{
    private LanAddress[] _addresses = [];

    public int Count { get; private set; }

    public LanAddress this[int index] => _addresses[index];

    public LanAddress Latest => Count == 0 ? default : _addresses[0];

    public bool Contains(LanAddress address) => _addresses.AsSpan(0, Count).Contains(address);

    /// <summary>Makes it the latest.</summary>
    /// <returns>The address that gave way; none where there was room.</returns>
    public LanAddress PutFirst(LanAddress address)
    {
        var index = _addresses.AsSpan(0, Count).IndexOf(address);
        LanAddress gone = default;
        if (index < 0)
        {
            if (Count == Limits.AddressesPerDevice)
            {
                gone = _addresses[--Count];
            }

            if (Count == _addresses.Length)
            {
                Array.Resize(ref _addresses, Math.Min(Limits.AddressesPerDevice, Math.Max(2, Count * 2)));
            }

            index = Count++;
        }

        _addresses.AsSpan(0, index).CopyTo(_addresses.AsSpan(1));
        _addresses[0] = address;
        return gone;
    }

    /// <summary>Adds it behind all others, unless it is there or there is no room.</summary>
    /// <returns>Whether it was added.</returns>
    public bool TryPutLast(LanAddress address)
    {
        if (Count == Limits.AddressesPerDevice || Contains(address))
        {
            return false;
        }

        if (Count == _addresses.Length)
        {
            Array.Resize(ref _addresses, Math.Min(Limits.AddressesPerDevice, Math.Max(2, Count * 2)));
        }

        _addresses[Count++] = address;
        return true;
    }

    public void Clear() => Count = 0;

    public void Remove(LanAddress address)
    {
        var index = _addresses.AsSpan(0, Count).IndexOf(address);
        if (index >= 0)
        {
            _addresses.AsSpan(index + 1, --Count - index).CopyTo(_addresses.AsSpan(index));
        }
    }
}
