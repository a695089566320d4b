using System.CommandLine;
using System.Globalization;
using Ntm.Interface;

namespace Ntm.Cli;

/// <summary>`ntm handovers` and `ntm drill`.</summary>
internal static class HandoverCommands
{
    private const int UsualLast = 20;

    /// <param name="open">Begins the talk with the gateway.</param>
    public static IEnumerable<Command> Make(Func<ParseResult, Session> open)
    {
        var last = new Option<int>("--last") { Description = $"How many, {UsualLast} where left out", HelpName = "N", DefaultValueFactory = _ => UsualLast };
        var number = new Argument<long?>("NUMBER") { Description = "One of the list: its timeline in words", Arity = ArgumentArity.ZeroOrOne };
        var handovers = new Command("handovers", "When tunnels came to go by another path, why, and what it cost") { number, last };
        handovers.SetAction((parsed, stop) => parsed.GetValue(number) is { } id
            ? open(parsed).HandoverAsync(id, stop)
            : open(parsed).HandoversAsync(Math.Max(parsed.GetValue(last), 1), stop));

        var uplink = new Argument<string>("UPLINK") { Description = "The uplink, by its name" };
        var lasts = new Option<string?>("--for") { Description = "How long: 10s (where left out), 2min; 1 s to 5 min", HelpName = "TIME" };
        lasts.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && Seconds(text) is null)
            {
                result.AddError($"'{text}' is no time: give seconds or minutes, such as 10s or 2min.");
            }
        });
        var silent = new Option<string?>("--silent")
        {
            Description = "It swallows packets and the gateway must find out: both ways, or only what goes out or comes in", HelpName = "both|out|in", Arity = ArgumentArity.ZeroOrOne,
        };
        silent.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && text is not ("both" or "out" or "in"))
            {
                result.AddError($"--silent takes both, out or in, not '{text}'; name the uplink before it.");
            }
        });
        var force = new Option<bool>("--force") { Description = "Also where it is the only usable uplink" };
        var drill = new Command("drill", "Take an uplink away for a while, in software, and see what becomes of the tunnels") { uplink, lasts, silent, force };
        drill.SetAction((parsed, stop) => open(parsed).DrillAsync(
            parsed.GetRequiredValue(uplink),
            new DrillOrder(parsed.GetValue(lasts) is { } time ? Seconds(time) : null, parsed.GetResult(silent) is null ? null : parsed.GetValue(silent) ?? "both", parsed.GetValue(force)),
            stop));
        var stopping = new Command("stop", "End the drill that is under way");
        stopping.SetAction((parsed, stop) => open(parsed).StopDrillAsync(stop));
        drill.Add(stopping);
        return [handovers, drill];
    }

    private static double? Seconds(string text)
    {
        var (digits, unit) = text.EndsWith("min", StringComparison.Ordinal) ? (text[..^3], 60) : text.EndsWith('s') ? (text[..^1], 1) : (text, 1);
        return double.TryParse(digits.TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number * unit : null;
    }
}
