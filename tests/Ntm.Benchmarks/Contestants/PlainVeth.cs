namespace Ntm.Benchmarks.Contestants;

/// <summary>No tunnel: what the machine can do at best, and how noisy it is.</summary>
internal static class PlainVeth
{
    public static Contestant Make(Belongings belongings)
    {
        var wire = new Wire(belongings);
        wire.Left.Run($"ip address add {Wire.LeftInside}/64 dev {Wire.Device} nodad");
        wire.Right.Run($"ip address add {Wire.RightInside}/64 dev {Wire.Device} nodad");
        return new Contestant(Roster.Plain, wire, Wire.RightInside);
    }
}
