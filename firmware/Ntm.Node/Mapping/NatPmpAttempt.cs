using Ntm.Protocol;

namespace Ntm.Node.Mapping;

/// <summary>The two requests of NAT-PMP (RFC 6886 sections 3.2 and 3.3), side by side; to close, the second alone.</summary>
internal sealed class NatPmpAttempt(MappingWish wish, Action<NodeEvent> emit) : DatagramAttempt(wish, emit)
{
    private uint? _address;
    private NatPmpMessage? _mapped;

    public override MappingProtocol Protocol => MappingProtocol.NatPmp;

    protected override void Ask()
    {
        if (_address is null && !Wish.Closes)
        {
            Send(NatPmpMessage.AddressRequest());
        }

        if (_mapped is null)
        {
            Send(NatPmpMessage.MapRequest(Wish.Own.Port, Wish.Closes ? (ushort)0 : Wish.ExternalPort, Wish.Lifetime));
        }
    }

    protected override bool TryTake(Now now, ReadOnlySpan<byte> bytes)
    {
        if (!NatPmpMessage.TryRead(bytes, out var answer)
            || (answer is { Opcode: NatPmpMessage.MapUdp, Result: 0 } && (answer.InternalPort != Wish.Own.Port || answer.Lifetime == 0 != Wish.Closes)))
        {
            return false;
        }

        if (Wish.Closes)
        {
            if (answer.Opcode != NatPmpMessage.MapUdp)
            {
                return false;
            }

            Closed();
            return true;
        }

        if (answer.Result != 0)
        {
            Refused(NatPmpMessage.Why(answer.Result));
            return true;
        }

        if (answer.Opcode == NatPmpMessage.ExternalAddress)
        {
            _address = answer.Address;
        }
        else
        {
            _mapped = answer;
        }

        if (_address is { } address && _mapped is { } mapped)
        {
            Opened(address == 0 ? default : RealAddress.FromIPv4(address, mapped.ExternalPort), mapped.Lifetime);
        }

        return true;
    }
}
