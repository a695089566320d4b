using Ntm.Protocol;

namespace Ntm.Simulation;

/// <summary>Address- and port-dependent mapping and filtering; each new mapping gets the port some step after the one before, whoever behind the box asked for that.</summary>
/// <param name="step">From one to the next.</param>
/// <param name="neighboursEach">On average, how often neighbours behind the same box take a port.</param>
public sealed class SteppedSymmetric(int step = 1, TimeSpan? neighboursEach = null) : NatBehaviour
{
    private const int First = 1024;
    private const int Ports = 65536 - First;

    private int _offset = -1;
    private TimeSpan _neighboursUntil;

    public override RealAddress MappedFor(RealAddress destination) => destination;

    public override RealAddress FilteredBy(RealAddress remote) => remote;

    public override ushort? NextPort(PortAsk ask)
    {
        if (_offset < 0)
        {
            _offset = ask.Entropy.Below(Ports);
            _neighboursUntil = ask.Elapsed;
        }

        // Between two of ours, theirs: times between them are uniform, of that average.
        while (neighboursEach is { } each && (_neighboursUntil += ask.Entropy.UpTo(2 * each)) < ask.Elapsed)
        {
            Advance(ask);
        }

        Advance(ask);
        return (ushort)(First + _offset);
    }

    private void Advance(PortAsk ask)
    {
        do
        {
            _offset = (((_offset + step) % Ports) + Ports) % Ports;
        }
        while (ask.IsTaken((ushort)(First + _offset)));
    }
}
