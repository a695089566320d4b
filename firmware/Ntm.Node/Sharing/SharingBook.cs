using Google.Protobuf;
using Ntm.Protocol;

namespace Ntm.Node.Sharing;

/// <summary>The shares with other owners, both ways, and the time by which they last.</summary>
internal sealed class SharingBook(GivenShares given, TakenShares taken, Func<ulong> timestampMark)
{
    public GivenShares Given { get; } = given;

    public TakenShares Taken { get; } = taken;

    /// <summary>The owners of another zone that share with this node or with whom it shares.</summary>
    public IReadOnlyList<ByteString> OwnersOf(string zone) =>
        [.. Given.All.Where(s => s.Zone == zone).Select(s => s.OwnerKey!).Append(Taken.OwnerOf(zone)).OfType<ByteString>().Distinct()];

    /// <summary>The time by which shares expire.</summary>
    public DateTimeOffset Time(Now now) => GrantClock.Read(now, timestampMark());
}
