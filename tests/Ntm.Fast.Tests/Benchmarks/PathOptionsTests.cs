using Ntm.Benchmarks;
using Ntm.Benchmarks.Contestants;
using Ntm.Benchmarks.Measurements;
using Ntm.Crypto;

namespace Ntm.Fast.Tests.Benchmarks;

/// <summary>What the whole-path benchmark is asked for, and what it reads of the system.</summary>
public sealed class PathOptionsTests
{
    [Fact]
    public void Without_options_all_take_part()
    {
        var options = PathOptions.Read([])!;
        Assert.Equal((5, TimeSpan.FromSeconds(4), false, null), (options.Rounds, options.Duration, options.Profile, options.Page));
        string[] aes = CipherHardware.HasAes ? ["ours-aes", "ours-aes-instructions"] : [];
        Assert.Equal(["ours", .. aes, "homes", "null", "wireguard-go", "nebula", "openvpn", "tinc", "plain"], options.Entries.Select(entry => entry.Key));
        Assert.Equal(["tcp", "packets", "idle", "loaded", "mixed"], options.Measurements.Select(measurement => measurement.Key));
        Assert.Equal([WireSetting.Offloads, WireSetting.SingleFrames], options.Settings);
    }

    [Fact]
    public void Some_may_be_chosen_and_some_left_out()
    {
        var options = PathOptions.Read(["--quick", "--only", "ours,plain,wireguard-go", "--without", "plain", "--wireguard-go", "a", "--wireguard-go", "b", "--measure", "idle", "--write", "p.md"])!;
        Assert.Equal(["ours", "wireguard-go", "wireguard-go"], options.Entries.Select(entry => entry.Key));
        Assert.Equal(["idle"], options.Measurements.Select(measurement => measurement.Key));
        Assert.Equal((1, "p.md"), (options.Rounds, options.Page));
        Assert.Equal([WireSetting.SingleFrames], PathOptions.Read(["--wire", "single"])!.Settings);
    }

    [Theory]
    [InlineData("--only", "nobody")]
    [InlineData("--only", "")]
    [InlineData("--measure", "tcp,all")]
    [InlineData("--rounds", "0")]
    [InlineData("--seconds", "-1")]
    [InlineData("--wire", "wet")]
    [InlineData("--rounds")]
    [InlineData("path")]
    public void What_is_not_understood_is_refused(params string[] words) => Assert.Null(PathOptions.Read(words));

    [Fact]
    public void Busy_time_is_what_no_processor_was_idle_waiting_or_taken_away() =>
        Assert.Equal(1.0 + 2 + 3 + 6 + 7, ProcessorTime.OfMachine("cpu  100 200 300 400 500 600 700 800 0 0"));
}
