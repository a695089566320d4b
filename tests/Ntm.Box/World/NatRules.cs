namespace Ntm.Box.World;

/// <summary>
/// The nftables rules of the homes' NATs. Linux's plain masquerade keeps the port while it can (endpoint-independent mapping) but lets in only the very
/// address and port that was spoken to: it is the port-restricted NAT, and no other; a port forward is open to all and for one port only. Whether
/// these rules do what they say is never assumed: an independent RFC 5780 client is asked each time (<see cref="NatDiscovery"/>).
/// </summary>
internal static class NatRules
{
    public static string For(NatBehaviour behaviour) =>
        behaviour == NatBehaviour.OpenEnough ? Remembering("udp dport . ip saddr @spoken")
        : behaviour == NatBehaviour.Open ? Remembering("meta l4proto udp")
        : behaviour == NatBehaviour.PortRestricted ? Plain
        : behaviour == NatBehaviour.Symmetric ? Symmetric
        : throw new ArgumentOutOfRangeException(nameof(behaviour), behaviour, "there are no rules for this behaviour");

    /// <summary>
    /// Both tables remember what leaves: who holds an outside port, and to which addresses it has spoken. What arrives and may enter is handed
    /// to the port's holder, whatever port it comes from. The memory lasts 3 minutes (RFC 4787 REQ-5 asks for at least 2).
    /// </summary>
    /// <param name="mayEnter">Which first datagrams of others are let in.</param>
    private static string Remembering(string mayEnter) =>
        $$"""
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
            iifname "pub0" {{mayEnter}} dnat ip to udp dport map @holder
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

    /// <summary>Linux's own NAT.</summary>
    private const string Plain =
        """
        table ip nat {
          chain leaving {
            type nat hook postrouting priority srcnat
            oifname "pub0" masquerade
          }
        """ + Closed;

    /// <summary>
    /// Linux's own NAT in front of several homes that are kept apart inside, and reach one another by their outside addresses (RFC 4787 REQ-9), unfiltered. It takes
    /// a home's outside port for the inside one, which it is while no two homes have the same.
    /// </summary>
    /// <param name="outside">The NAT's address.</param>
    public static string Hairpin(string outside) =>
        $$"""
        table ip nat {
          map holder {
            type inet_service : ipv4_addr . inet_service
            flags dynamic,timeout
            timeout 3m
            size 16384
          }
          chain noting {
            type filter hook prerouting priority dstnat - 10
            iifname "in*" meta l4proto udp ct direction original update @holder { udp sport : ip saddr . udp sport }
          }
          chain arriving {
            type nat hook prerouting priority dstnat
            iifname "in*" ip daddr {{outside}} meta l4proto udp dnat ip to udp dport map @holder
          }
          chain leaving {
            type nat hook postrouting priority srcnat
            oifname "pub0" masquerade
            oifname "in*" ct status dnat snat to {{outside}}
          }
          chain apart {
            type filter hook forward priority filter
            iifname "in*" oifname "in*" ct status dnat accept
            iifname "in*" oifname "in*" drop
          }
          chain unheld {
            type filter hook input priority filter - 1
            iifname "in*" ip daddr {{outside}} drop
          }
        """ + Closed;

    /// <summary>A stateful firewall for IPv6 (RFC 6092): what nobody inside asked for does not come in.</summary>
    public const string Firewall =
        """
        table ip6 firewall {
          chain passing {
            type filter hook forward priority filter
            ct state established,related accept
            iifname "pub0" drop
          }
        }
        """;

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
