// ntm-fuzz: hands broken bytes to everything that reads bytes it cannot trust, for as long as it is told.
using System.Globalization;
using Ntm.Fuzz;

const string usage = """
    usage: ntm-fuzz [target ...] [--executions N] [--seed S]   fuzz these targets, or all; a finding is kept in its corpus and ends the run with 1
           ntm-fuzz --list                                     the targets and their laws
           ntm-fuzz --write-golden                             write the golden inputs of all corpora anew
    """;

var executions = 1_000_000L;
var seed = 1UL;
var names = new List<string>();
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--executions" when i + 1 < args.Length && long.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out executions):
        case "--seed" when i + 1 < args.Length && ulong.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out seed):
            i++;
            break;
        case "--list":
            foreach (var target in Targets.All())
            {
                Console.WriteLine($"{target.Name,-20} {target.Law}");
            }

            return 0;
        case "--write-golden":
            foreach (var target in Targets.All())
            {
                Corpus.WriteGolden(target);
            }

            return 0;
        case var name when Targets.All().Any(t => t.Name == name):
            names.Add(name);
            break;
        default:
            Console.Error.WriteLine($"'{args[i]}' is neither a target nor an option, or its number is missing.\n{usage}");
            return 2;
    }
}

var code = 0;
foreach (var target in Targets.All().Where(t => names.Count == 0 || names.Contains(t.Name)))
{
    try
    {
        Console.WriteLine(Fuzzer.Run(target, Corpus.Read(target), executions, seed));
    }
    catch (FuzzFinding finding)
    {
        Console.Error.WriteLine($"{finding}\nkept as {Corpus.Keep(finding)}");
        code = 1;
    }
}

return code;
