namespace Ntm.Box.World;

/// <summary>
/// The nftables rules of the homes' NATs. Linux's plain masquerade keeps the port while it can (endpoint-independent mapping) but lets in only the very
/// address and port that was spoken to, so it is neither of the two NATs needed here; a port forward is open to all and for one port only. Whether
/// these rules do what they say is never assumed: an independent RFC 5780 client is asked each time (<see cref="NatDiscovery"/>).
/// </summary>
internal static class NatRules
{
    public static string For(NatBehaviour behaviour) =>
        behaviour == NatBehaviour.OpenEnough ? EndpointIndependentAddressFiltered
        : behaviour == NatBehaviour.Symmetric ? Symmetric
        : throw new ArgumentOutOfRangeException(nameof(behaviour), behaviour, "there are no rules for this behaviour");

    /// <summary>
    /// Both tables remember what leaves: who holds an outside port, and to which addresses it has spoken. What arrives from such an address is handed
    /// to the port's holder, whatever port it comes from. The memory lasts 3 minutes (RFC 4787 REQ-5 asks for at least 2).
    /// </summary>
    private const string EndpointIndependentAddressFiltered =
        """
        table ip nat {
          map holder {
            type inet_service : ipv4_addr . inet_service
            flags dynamic,timeout
            timeout 3m
            size 16384
          }
          set spoken {
            type inet_service . ipv4_addr
            flags dynamic,timeout
            timeout 3m
            size 65536
          }
          chain arriving {
            type nat hook prerouting priority dstnat
            iifname "pub0" udp dport . ip saddr @spoken dnat ip to udp dport map @holder
          }
          chain leaving {
            type nat hook postrouting priority srcnat
            oifname "pub0" masquerade
          }
          chain remembering {
            type filter hook postrouting priority srcnat + 10
            oifname "pub0" meta l4proto udp ct direction original update @holder { udp sport : ct original ip saddr . ct original proto-src }
            oifname "pub0" meta l4proto udp update @spoken { udp sport . ip daddr }
          }
        """ + Closed;

    /// <summary>Each flow gets an outside port by lot, so no two destinations see the same one.</summary>
    private const string Symmetric =
        """
        table ip nat {
          chain leaving {
            type nat hook postrouting priority srcnat
            oifname "pub0" masquerade fully-random
          }
        """ + Closed;

    /// <summary>
    /// What nobody asked for is dropped before it is confirmed as a flow of the NAT's own: otherwise an early datagram of the peer's would take the
    /// flow's place in the tables, and the mapping could not be used for it afterwards.
    /// </summary>
    private const string Closed =
        """

          chain unasked {
            type filter hook input priority filter
            iifname "pub0" icmp type echo-request accept
            iifname "pub0" drop
          }
        }
        """;
}
