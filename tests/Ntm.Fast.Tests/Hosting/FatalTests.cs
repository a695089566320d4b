using System.Net.Sockets;
using Ntm.Hosting;
using Ntm.Store;
using Serilog.Events;
using Serilog.Parsing;

namespace Ntm.Fast.Tests.Hosting;

/// <summary>Failures become sentences and exit codes; log events become lines.</summary>
public sealed class FatalTests
{
    public static TheoryData<Exception, ExitCode, string> Failures => new()
    {
        { new FatalException(ExitCode.Exists, "There already."), ExitCode.Exists, "There already." },
        { new ConfigException("/etc/x.json", ["'a' is wrong."]), ExitCode.Config, "/etc/x.json" },
        { new StoreException(StoreProblem.Corrupt, "/s", "Damaged."), ExitCode.BadData, "Damaged." },
        { new StoreException(StoreProblem.InUse, "/s", "In use."), ExitCode.InUse, "In use." },
        { new StoreException(StoreProblem.FolderMissing, "/s", "No folder."), ExitCode.Missing, "No folder." },
        { new StoreException(StoreProblem.Disk, "/s", "Full."), ExitCode.Disk, "Full." },
        { new SocketException((int)SocketError.AddressAlreadyInUse), ExitCode.Unavailable, "in use" },
        { new SocketException((int)SocketError.AccessDenied), ExitCode.NotPermitted, "Missing privileges" },
        { new UnauthorizedAccessException("Access to /x is denied."), ExitCode.NotPermitted, "/x" },
        { new DirectoryNotFoundException("No folder /x."), ExitCode.Missing, "/x" },
        { new AggregateException(new ConfigException("/etc/x.json", ["'a' is wrong."])), ExitCode.Config, "'a' is wrong." },
        { new InvalidOperationException("oh"), ExitCode.Bug, "bug" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Failures_are_explained(Exception failure, ExitCode code, string part)
    {
        var (actual, text) = Fatal.Explain(failure);
        Assert.Equal(code, actual);
        Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.Equal(code == ExitCode.Bug, text.Contains("Exception", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, LogEventLevel.Information, "<6>Node bob joined.\n")]
    [InlineData(true, LogEventLevel.Warning, "<4>Node bob joined.\n")]
    [InlineData(true, LogEventLevel.Error, "<3>Node bob joined.\n")]
    [InlineData(false, LogEventLevel.Warning, "2026-01-02 03:04:05.000 WRN Node bob joined.\n")]
    public void Log_events_are_lines(bool forJournal, LogEventLevel level, string expected)
    {
        var line = new StringWriter { NewLine = "\n" };
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var template = new MessageTemplateParser().Parse("Node {Name} joined.");
        new LogLine(forJournal).Format(new LogEvent(at, level, null, template, [new("Name", new ScalarValue("bob"))]), line);
        Assert.Equal(expected, line.ToString());
    }

    [Theory]
    [InlineData("debug", true)]
    [InlineData("information", true)]
    [InlineData("warning", true)]
    [InlineData("error", true)]
    [InlineData("Info", false)]
    public void Levels_are_read(string text, bool good) => Assert.Equal(good, Logs.TryReadLevel(text, out _));
}
