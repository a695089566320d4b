namespace Ntm.Protocol;

/// <summary>Which addresses may be candidates at all (docs/protocol.md section 5). Pure.</summary>
public static class CandidateAddress
{
    /// <summary>Neither unspecified, loopback, link-local, multicast, broadcast nor a virtual address of the zone.</summary>
    public static bool IsPossible(RealAddress address, VirtualAddress zonePrefix)
    {
        if (address.Port == 0)
        {
            return false;
        }

        if (address.IsIPv4)
        {
            var ip = (uint)address.Low;
            return ip >> 24 is not (0 or 127) && ip >> 16 != 0xA9FE && ip >> 28 < 0xE; // 0/8, 127/8, 169.254/16, 224/3
        }

        var loopbackOrNone = address.High == 0 && address.Low <= 1;
        var mappedOrTranslated = (address.High == 0 && address.Low >> 32 == 0xFFFF) || address.High == 0x0064_FF9B_0000_0000;
        var linkLocal = address.High >> 54 == 0xFE80 >> 6;
        var multicast = address.High >> 56 == 0xFF;
        return !loopbackOrNone && !mappedOrTranslated && !linkLocal && !multicast && !new VirtualAddress(address.High, address.Low).SameZone(zonePrefix);
    }

    /// <summary>RFC 1918, RFC 6598 (shared by a provider's customers) and RFC 4193: it means something in one place only.</summary>
    public static bool IsPrivate(RealAddress address)
    {
        if (!address.IsIPv4)
        {
            return address.High >> 57 == 0xFC >> 1;
        }

        var ip = (uint)address.Low;
        return ip >> 24 == 10 || ip >> 20 == 0xAC1 || ip >> 16 == 0xC0A8 || ip >> 22 == 0x6440 >> 6;
    }
}
