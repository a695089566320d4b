namespace Ntm.Node.Handovers;

/// <summary>A path in words that stay true when uplinks are numbered anew.</summary>
/// <param name="Uplink">The owner's name for it.</param>
/// <param name="Direct">False: by a relay.</param>
/// <param name="Address">The peer's real address, or the relay's.</param>
public sealed record HandoverWay(string Uplink, bool Direct, string Address)
{
    public override string ToString() => Direct ? $"{Uplink}, direct to {Address}" : $"{Uplink}, by the relay at {Address}";
}
