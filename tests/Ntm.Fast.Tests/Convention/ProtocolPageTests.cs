using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using Ntm.Protocol;
using Ntm.Protocol.Signalling;

namespace Ntm.Fast.Tests.Convention;

/// <summary>docs/protocol.md says what the schema, the limits and the code say: another implementation is written from it.</summary>
public sealed partial class ProtocolPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(House.Root(), "docs", "protocol.md"));

    private static readonly IReadOnlyList<MessageDescriptor> Messages = [.. SignallingReflection.Descriptor.MessageTypes];

    [Fact]
    public void Every_message_and_enumeration_of_the_schema_is_on_the_page()
    {
        var names = Messages.Select(m => m.Name).Concat(SignallingReflection.Descriptor.EnumTypes.Select(e => e.Name));
        Assert.Empty(names.Where(n => !Regex.IsMatch(Page, $@"`{n}\b")).ToArray());
    }

    [Fact]
    public void Every_message_that_the_page_names_is_in_the_schema_with_the_fields_it_names()
    {
        var wrong = new List<string>();
        foreach (Match quoted in QuotedMessage().Matches(Page))
        {
            var name = quoted.Groups[1].Value;
            var fields = quoted.Groups[2].Success ? quoted.Groups[2].Value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries) : [];
            if (Messages.FirstOrDefault(m => m.Name == name) is { } message)
            {
                wrong.AddRange(fields.Select(f => f.Split('=')[0].TrimEnd('?')).Where(f => f != "..." && f.Length > 0 && char.IsAsciiLetterLower(f[0])
                    && f is not ("true" or "false") && message.FindFieldByName(f) is null).Select(f => $"{name}.{f}"));
            }
            else if (SignallingReflection.Descriptor.EnumTypes.All(e => e.Name != name) && !IsOurs(name))
            {
                wrong.Add(name);
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_table_of_messages_has_each_body_of_a_signal_once()
    {
        var bodies = Signal.Descriptor.Oneofs[0].Fields.Select(f => $"{f.FieldNumber} | `{f.MessageType.Name}`").ToArray();
        Assert.Equal(bodies, Rows("## Appendix B").Where(r => char.IsAsciiDigit(r[0])).Select(r => string.Join(" | ", r.Split(" | ")[..2])));
    }

    [Fact]
    public void Every_reason_of_a_refusal_is_on_the_page_with_its_number()
    {
        var reasons = SignallingReflection.Descriptor.FindTypeByName<EnumDescriptor>("RefusalReason").Values.Where(v => v.Number != 0);
        Assert.Equal(
            reasons.Select(v => $"`{v.Name}` | {v.Number}"),
            Rows("## Appendix B").Where(r => r.StartsWith("`REFUSAL_", StringComparison.Ordinal)).Select(r => string.Join(" | ", r.Split(" | ")[..2])));
    }

    [Fact]
    public void The_table_of_limits_has_each_limit_with_its_value()
    {
        var limits = typeof(Limits).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => $"`{f.Name}` | {Show(f.GetValue(null)!)}").ToArray();
        var rows = Rows("## Appendix C").Select(r => string.Join(" | ", r.Split(" | ")[..2])).Where(r => r.StartsWith('`')).ToArray();
        Assert.Equal(limits.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_worked_example_is_what_the_code_makes()
    {
        var said = ExampleLine().Matches(Section("## Appendix D")).Select(m => $"{m.Groups[1].Value} = {m.Groups[2].Value}").ToArray();
        Assert.Equal(WorkedExample.Lines().Select(l => $"{l.Name} = {l.Value}"), said);
    }

    /// <summary>A value as the page spells it.</summary>
    private static string Show(object value) => value switch
    {
        TimeSpan[] times => string.Join(", ", times.Select(t => Show(t))),
        int[] numbers => string.Join(", ", numbers.Select(n => Show(n))),
        TimeSpan time when time < TimeSpan.FromSeconds(1) => Invariant($"{time.TotalMilliseconds} ms"),
        TimeSpan time when time.Ticks % TimeSpan.TicksPerDay == 0 => Invariant($"{time.TotalDays} d"),
        TimeSpan time when time.Ticks % TimeSpan.TicksPerHour == 0 => Invariant($"{time.TotalHours} h"),
        TimeSpan time when time.Ticks % TimeSpan.TicksPerMinute == 0 && time >= TimeSpan.FromMinutes(4) => Invariant($"{time.TotalMinutes} min"),
        TimeSpan time => Invariant($"{time.TotalSeconds} s"),
        ulong number when (number & (number - 1)) == 0 => $"2^{ulong.TrailingZeroCount(number)}",
        ulong number => $"2^64 - 2^{ulong.TrailingZeroCount(ulong.MaxValue - number)} - 1",
        uint number when number > ushort.MaxValue => $"0x{number:x}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // A noun of ours: the file of that name.
    private static bool IsOurs(string name) =>
        Directory.EnumerateFiles(Path.Combine(House.Root(), "firmware"), name + ".cs", SearchOption.AllDirectories).Any()
        || typeof(Limits).GetField(name) is not null;

    private static string Section(string title)
    {
        var from = Page.IndexOf(title, StringComparison.Ordinal);
        Assert.True(from >= 0, $"The page has no '{title}'.");
        var to = Page.IndexOf("\n## ", from + 1, StringComparison.Ordinal);
        return to < 0 ? Page[from..] : Page[from..to];
    }

    private static IEnumerable<string> Rows(string title) =>
        Section(title).Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(l => l[2..].TrimEnd('|', ' '));

    [GeneratedRegex(@"`([A-Z][a-z][A-Za-z]+)(?:\{([^}`]*)\})?`")]
    private static partial Regex QuotedMessage();

    [GeneratedRegex(@"^([a-z][a-z0-9 ,'-]*?) += (\S+)$", RegexOptions.Multiline)]
    private static partial Regex ExampleLine();
}
