using Ntm.Protocol;

namespace Ntm.Node.Sharing;

/// <summary>The shares with other owners, both ways, and the time by which they last.</summary>
internal sealed class SharingBook(GivenShares given, TakenShares taken, Func<ulong> timestampMark)
{
    public GivenShares Given { get; } = given;

    public TakenShares Taken { get; } = taken;

    /// <summary>The time by which shares expire.</summary>
    public DateTimeOffset Time(Now now) => GrantClock.Read(now, timestampMark());
}
