using System.Text;
using Ntm.Box.Os;

namespace Ntm.Real.Tests.Programs;

/// <summary>What `ntm-coordinator invite --qr` draws, read by Debian's zbar: the very code that stands above it.</summary>
public sealed class QrTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ntm-qr-").FullName;

    [NeedsRootFact("zbarimg")]
    public async Task TheQrCodeIsTheInvite()
    {
        await CoordinatorAsync("init", "--zone", "home.example", "--data", $"{_folder}/zone", "--endpoint", "203.0.113.10:4916", "--endpoint", "[2001:db8::10]:4916");
        foreach (var (console, before) in new[] { ("", ""), ("127.0.0.1:8080", "http://127.0.0.1:8080/#join="), ("gateway.lan", "http://gateway.lan/#join=") })
        {
            var said = await CoordinatorAsync(["invite", "--data", $"{_folder}/zone", "--name", "alice", "--qr", .. console.Length > 0 ? ["--console", console] : Array.Empty<string>()]);
            var lines = said.Split('\n');
            Assert.StartsWith("ntm1", lines[0], StringComparison.Ordinal);
            var picture = lines.Skip(2).Where(line => line.Length > 0).ToArray();
            Assert.All(picture, line => Assert.InRange(line.Length, 1, 80));
            File.WriteAllBytes($"{_folder}/qr.pgm", Bitmap(picture));
            var read = await Tool.RunAsync(["zbarimg", "-q", "--raw", $"{_folder}/qr.pgm"], TimeSpan.FromSeconds(30), CancellationToken.None);
            Assert.True(read.Ok, read.Sentence);
            Assert.Equal(before + lines[0], read.Out.Trim());
        }
    }

    [NeedsRootFact("zbarimg")]
    public async Task AConsoleThatIsNoHostIsRefused()
    {
        await CoordinatorAsync("init", "--zone", "home.example", "--data", $"{_folder}/zone", "--endpoint", "203.0.113.10:4916");
        foreach (var options in new string[][] { ["--console", "gateway.lan"], ["--qr", "--console", "a b"], ["--qr", "--console", "x/y"], ["--qr", "--console", "u@x"], ["--qr", "--console", "x:99999"] })
        {
            var outcome = await RunAsync(["invite", "--data", $"{_folder}/zone", .. options]);
            Assert.Equal(64, outcome.Code);
            Assert.Contains("--console", outcome.Err, StringComparison.Ordinal);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The picture as a dark terminal shows it, 4 dots a module (PGM), on black.</summary>
    private static byte[] Bitmap(string[] lines)
    {
        const int dots = 4, border = 8;
        var (width, height) = ((lines.Max(line => line.Length) * dots) + (2 * border), (lines.Length * 2 * dots) + (2 * border));
        var image = new byte[width * height];
        for (var y = border; y < height - border; y++)
        {
            for (var x = border; x < width - border; x++)
            {
                var (row, column) = ((y - border) / dots, (x - border) / dots);
                var block = column < lines[row / 2].Length ? lines[row / 2][column] : ' ';
                image[(y * width) + x] = block == '\u2588' || block == (row % 2 == 0 ? '\u2580' : '\u2584') ? (byte)255 : (byte)0;
            }
        }

        return [.. Encoding.ASCII.GetBytes($"P5\n{width} {height}\n255\n"), .. image];
    }

    private static async Task<string> CoordinatorAsync(params string[] arguments)
    {
        var outcome = await RunAsync(arguments);
        Assert.True(outcome.Ok, outcome.Sentence);
        return outcome.Out;
    }

    private static Task<Outcome> RunAsync(IEnumerable<string> arguments) =>
        Tool.RunAsync([Ntm.Box.Os.Programs.Locate(AppContext.BaseDirectory).Coordinator, .. arguments], Town.Patient, CancellationToken.None);
}
