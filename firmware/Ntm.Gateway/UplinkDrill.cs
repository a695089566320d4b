using Ntm.Linux;
using Ntm.Node;

namespace Ntm.Gateway;

/// <summary>An uplink that is taken away in software, and how.</summary>
/// <param name="Number">The uplink's.</param>
/// <param name="IsTold">The core is told that the uplink is not usable, as if its carrier were lost. False: it must find out.</param>
/// <param name="DropsSent">What is to be sent there is discarded.</param>
/// <param name="DropsReceived">What comes in there is discarded.</param>
public sealed record UplinkDrill(int Number, bool IsTold, bool DropsSent, bool DropsReceived)
{
    public static UplinkDrill None { get; } = new(-1, false, false, false);

    /// <summary>What the core hears of an uplink while the drill lasts.</summary>
    public UplinkState Seen(UplinkState state) =>
        IsTold && state.Number == Number && state.Usable ? state with { Usable = false, Reason = "a drill takes it away", Addresses = [], Gateways = [] } : state;

    /// <summary>Has a socket of that uplink discard.</summary>
    public void Apply(UdpSocket socket) => (socket.DropsSent, socket.DropsReceived) = (DropsSent, DropsReceived);
}
