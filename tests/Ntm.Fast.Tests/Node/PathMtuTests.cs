using Ntm.Node.Paths;
using Ntm.Protocol;

namespace Ntm.Fast.Tests.Node;

/// <summary>The search for what a path carries, against a model of a path.</summary>
public sealed class PathMtuTests
{
    private readonly PathMtu _mtu = new();
    private readonly List<(TimeSpan At, ulong Id)> _answers = [];
    private readonly List<int> _probes = [];
    private TimeSpan _now = TimeSpan.FromHours(1);
    private TimeSpan _roundTrip = TimeSpan.FromMilliseconds(40);
    private TimeSpan _late;
    private Func<int, bool> _passes = _ => true;
    private ulong _next = 1;
    private long _bytes;

    [Theory]
    [InlineData(1500, 1420)]
    [InlineData(1420, 1420)]
    [InlineData(1412, 1412)]
    [InlineData(1360, 1360)]
    [InlineData(1340, 1340)]
    [InlineData(1280, 1280)]
    [InlineData(1200, 1200)]
    [InlineData(960, 960)]
    [InlineData(656, 656)]
    public void Usual_links_are_found_exactly_and_soon(int carries, int expected)
    {
        _passes = size => size <= carries;
        Run(10);
        Assert.Equal((MtuState.Found, expected), (_mtu.State, _mtu.Usable));
        Assert.True(_bytes < 60_000, $"{_bytes} bytes of probes");
    }

    [Fact]
    public void On_an_ordinary_path_two_probes_and_one_round_trip_do()
    {
        Run(0.1);
        Assert.Equal(Limits.MtuInside, _mtu.Usable);
        Run(1);
        Assert.True(_mtu.IsFound);
        Assert.Equal(Limits.MtuInside + Limits.MtuMinimum, _bytes);
    }

    [Fact]
    public void Any_other_is_found_to_within_the_precision_and_never_too_large()
    {
        for (var carries = Limits.MtuPathLeast; carries <= Limits.MtuInside; carries += 7)
        {
            _mtu.Forget();
            _answers.Clear();
            _passes = size => size <= carries;
            var assumed = _mtu.Usable;
            for (var i = 0; i < 60; i++)
            {
                Run(0.25);
                Assert.True(_mtu.Usable <= Math.Max(carries, assumed) || i < 6, $"{_mtu.Usable} of {carries}");
            }

            Assert.True(_mtu.IsFound);
            Assert.InRange(_mtu.Usable, carries - Limits.MtuPrecision - 3, carries);
        }
    }

    [Fact]
    public void Silence_says_nothing_about_sizes()
    {
        _passes = _ => false;
        Run(60);
        Assert.Equal((MtuState.Searching, Limits.MtuAssumed), (_mtu.State, _mtu.Usable));
        Assert.True(_bytes < 60 * 1000, $"{_bytes} bytes into silence");
        _passes = _ => true;
        Run(10);
        Assert.Equal((MtuState.Found, Limits.MtuInside), (_mtu.State, _mtu.Usable));
    }

    [Fact]
    public void Loss_does_not_look_like_a_narrow_path()
    {
        var random = new Random(3);
        var narrower = 0;
        for (var i = 0; i < 300; i++)
        {
            _mtu.Forget();
            _answers.Clear();
            _passes = _ => random.NextDouble() > 0.1;
            Run(10);
            narrower += _mtu.Usable < Limits.MtuInside ? 1 : 0;
        }

        Assert.True(narrower <= 9, $"{narrower} of 300 with 10 % of loss");
    }

    [Fact]
    public void A_long_round_trip_is_waited_for()
    {
        _roundTrip = TimeSpan.FromMilliseconds(900);
        Run(10);
        Assert.Equal(Limits.MtuInside, _mtu.Usable);
    }

    [Theory]
    [InlineData(300, 10)]
    [InlineData(600, 30)]
    [InlineData(1500, 60)]
    public void Answers_that_are_later_than_the_round_trip_says_are_waited_for(int milliseconds, int seconds)
    {
        _late = TimeSpan.FromMilliseconds(milliseconds);
        _passes = size => size <= 1360;
        Run(seconds);
        Assert.Equal((MtuState.Found, 1360), (_mtu.State, _mtu.Usable));
    }

    [Fact]
    public void A_path_that_swallows_long_datagrams_without_a_word_is_noticed_and_measured_anew()
    {
        Run(2);
        _passes = size => size <= 1300;
        Run(60, sentLong: false); // nobody sends long packets: nobody asks
        Assert.Equal(Limits.MtuInside, _mtu.Usable);
        Run(6.5, sentLong: true);
        Assert.Equal(1, _mtu.Falls);
        Assert.False(_mtu.Usable > 1300);
        Run(10, sentLong: true);
        Assert.True(_mtu.IsFound);
        Assert.InRange(_mtu.Usable, 1280, 1300);
        Assert.Equal(1, _mtu.Falls);
    }

    [Fact]
    public void One_that_carries_more_again_is_found_out_after_a_while()
    {
        _passes = size => size <= 1340;
        Run(10, sentLong: true);
        Assert.Equal(1340, _mtu.Usable);
        _passes = _ => true;
        Run(Limits.MtuRaise.TotalSeconds / 2, sentLong: true);
        Assert.Equal(1340, _mtu.Usable);
        Run(Limits.MtuRaise.TotalSeconds / 2 + 5, sentLong: true);
        Assert.Equal((MtuState.Found, Limits.MtuInside, 0), (_mtu.State, _mtu.Usable, _mtu.Falls));
    }

    [Fact]
    public void Confirmation_costs_next_to_nothing()
    {
        Run(2);
        _bytes = 0;
        Run(100, sentLong: true);
        Assert.InRange(_bytes, 1, 21 * Limits.MtuInside);
    }

    [Fact]
    public void Who_answers_what_was_never_asked_changes_nothing()
    {
        _passes = size => size <= 1280;
        Run(0.5);
        for (ulong id = 0; id < 100; id++)
        {
            Assert.False(_mtu.TryAnswer(_now, 1_000_000 + id));
            Assert.False(_mtu.TryAnswer(_now, 0));
        }

        Run(10);
        Assert.Equal(1280, _mtu.Usable);
        Assert.False(_mtu.TryAnswer(_now, 1), "an answer counts once, and not for ever");
    }

    private void Run(double seconds, bool sentLong = false)
    {
        for (var end = _now + TimeSpan.FromSeconds(seconds); _now < end; _now += TimeSpan.FromMilliseconds(50))
        {
            foreach (var (_, id) in _answers.FindAll(a => a.At <= _now))
            {
                _mtu.TryAnswer(_now, id);
            }

            _answers.RemoveAll(a => a.At <= _now);
            _mtu.Look(_now, _roundTrip, sentLong, _probes);
            foreach (var size in _probes)
            {
                _bytes += size;
                _mtu.Sent(_next, size);
                if (_passes(size))
                {
                    _answers.Add((_now + _roundTrip + _late, _next));
                }

                _next++;
            }
        }
    }
}
