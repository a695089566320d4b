using Ntm.Box.Handover;

namespace Ntm.Fast.Tests.Box;

public sealed class StreamNotesTests
{
    private const int Run = 3;
    private const long Millisecond = 1_000_000;

    private readonly StreamNotes notes = new(Run, most: 100);

    [Fact]
    public void Lost_twice_and_late_are_told_apart()
    {
        foreach (var number in (int[])[0, 1, 4, 3, 4, 1, 6])
        {
            Note(number, number);
        }

        var reading = notes.Read(sent: 8, ended: 0);
        Assert.Equal((8, 3, 2, 1), (reading.Sent, reading.Lost, reading.Twice, reading.Late)); // 2, 5 and 7; 4 and 1; 3
    }

    [Fact]
    public void The_gap_is_between_new_packets_alone()
    {
        Note(0, 1);
        Note(1, 3);
        Note(1, 30); // what comes again closes no gap
        Note(2, 50);
        Note(3, 52);

        var reading = notes.Read(sent: 4, ended: 52 * Millisecond);
        Assert.Equal(TimeSpan.FromMilliseconds(47), reading.Gap);
        Assert.Equal(3 * Millisecond, reading.GapAt);
    }

    [Fact]
    public void A_stream_that_never_came_back_has_a_gap_until_the_end()
    {
        Note(0, 1);
        Note(1, 2);

        Assert.Equal(TimeSpan.FromMilliseconds(998), notes.Read(sent: 500, ended: 1000 * Millisecond).Gap);
    }

    [Fact]
    public void The_oldest_is_the_one_that_was_under_way_the_longest()
    {
        Note(0, 20, sent: 0);
        Note(1, 90, sent: 2);

        Assert.Equal(TimeSpan.FromMilliseconds(88), notes.Read(2, 90 * Millisecond).Oldest);
    }

    [Fact]
    public void Foreign_and_broken_packets_are_passed_over()
    {
        var packet = new byte[StreamNotes.StampSize];
        StreamNotes.Stamp(packet, Run + 1, 0, 0);
        notes.Note(packet, 1);
        StreamNotes.Stamp(packet, Run, -1, 0);
        notes.Note(packet, 1);
        StreamNotes.Stamp(packet, Run, 100, 0);
        notes.Note(packet, 1);
        notes.Note(packet.AsSpan(0, 15), 1);

        Assert.Equal(5, notes.Read(sent: 5, ended: 0).Lost);
    }

    private void Note(int number, long at, long? sent = null)
    {
        Span<byte> packet = stackalloc byte[StreamNotes.StampSize];
        StreamNotes.Stamp(packet, Run, number, (sent ?? at) * Millisecond);
        notes.Note(packet, at * Millisecond);
    }
}
