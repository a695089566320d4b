using System.CommandLine;

namespace Ntm.Cli;

/// <summary>`ntm uplinks prefer|use|metered`: which uplink is to be used.</summary>
internal static class UplinkCommands
{
    private const string Auto = "auto", Yes = "yes", No = "no";

    public static void AddTo(Command uplinks, Func<ParseResult, Session> open)
    {
        var order = new Argument<string[]>("NAME") { Description = "Uplinks' names, the preferred first; those not named come after. None: as configured", Arity = ArgumentArity.ZeroOrMore };
        var prefer = new Command("prefer", "Say which uplinks are preferred, a metered one included") { order };
        prefer.SetAction((parsed, stop) => open(parsed).PreferAsync(parsed.GetValue(order) ?? [], stop));
        uplinks.Add(prefer);

        var used = new Argument<string>("NAME|auto") { Description = "The uplink to be used as long as somebody answers there; auto: the best" };
        var use = new Command("use", "Have one uplink used, whatever the order; auto ends that") { used };
        use.SetAction((parsed, stop) => open(parsed).UseAsync(parsed.GetRequiredValue(used) is var name && name == Auto ? null : name, stop));
        uplinks.Add(use);

        var metered = new Argument<string>("NAME") { Description = "The uplink" };
        var whether = new Argument<string>("yes|no") { Description = "Whether you pay for what goes there" };
        whether.AcceptOnlyFromAmong(Yes, No);
        var meter = new Command("metered", "Say whether an uplink is paid for by what goes there: it is then used last, and spared") { metered, whether };
        meter.SetAction((parsed, stop) => open(parsed).MeterAsync(parsed.GetRequiredValue(metered), parsed.GetRequiredValue(whether) == Yes, stop));
        uplinks.Add(meter);
    }
}
