using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>A MAP request of PCP (RFC 6887 section 11): an IPv4 NAT's port, or a hole in an IPv6 firewall.</summary>
internal sealed class PcpAttempt(MappingWish wish, Action<NodeEvent> emit) : DatagramAttempt(wish, emit)
{
    public override MappingProtocol Protocol => MappingProtocol.Pcp;

    protected override void Ask() => Send(PcpMessage.Request(Wish.Own, Wish.Nonce, Wish.Closes ? (ushort)0 : Wish.ExternalPort, Wish.Lifetime));

    protected override bool TryTake(Now now, ReadOnlySpan<byte> bytes)
    {
        if (NatPmpMessage.TryRead(bytes, out var older) && older.Opcode == PcpMessage.Map && older.Result == 1)
        {
            Refused("it speaks NAT-PMP only"); // RFC 6887 section 9
            return true;
        }

        if (!PcpMessage.TryRead(bytes, Wish.Nonce, out var answer) || answer.Opcode != PcpMessage.Map)
        {
            return false;
        }

        // What is not of this mapping is another's answer, or somebody's who has not seen our question.
        var isOurs = answer.HasMap ? answer.NonceIsOurs && answer.InternalPort == Wish.Own.Port
            : answer.Result is PcpMessage.UnsupportedVersion or PcpMessage.MalformedRequest or PcpMessage.UnsupportedOpcode;
        if (!isOurs)
        {
            return false;
        }

        if (Wish.Closes)
        {
            Closed();
        }
        else if (answer.Result != 0)
        {
            Refused(PcpMessage.Why(answer.Result), answer.Lifetime);
        }
        else
        {
            Opened(answer.External, answer.Lifetime);
        }

        return true;
    }
}
