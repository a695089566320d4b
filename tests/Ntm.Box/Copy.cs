using System.Globalization;
using System.Security.Cryptography;
using Ntm.Box.Os;

namespace Ntm.Box;

/// <summary>
/// One copy of the box on this machine: four hexadecimal digits that stand in all its names, a directory, a lock that is held as long as its program
/// lives, and a mark in the environment of everything it begins. Several copies live beside one another. Whatever ends the program, the lock ends with it, and the next
/// start (or `ntm-box down`) finds the copy dead and removes it.
/// </summary>
internal sealed class Copy : IAsyncDisposable
{
    /// <summary>Where copies keep their files. Root's alone.</summary>
    public const string Home = "/var/lib/ntm-boxes";

    /// <summary>The variable that all programs of a copy carry, with its id: so they are found again even when the box was killed.</summary>
    private const string Mark = "NTM_BOX_COPY";

    private readonly FileStream held;
    private readonly List<Child> children = [];
    private readonly Lock gate = new();

    private Copy(string id, FileStream held)
    {
        Id = id;
        this.held = held;
    }

    public string Id { get; }

    /// <summary>What its namespaces' names begin with.</summary>
    public string Prefix => $"nb{Id}-";

    public string Directory => Path.Combine(Home, Id);

    public string LogDirectory => Path.Combine(Directory, "logs");

    public IReadOnlyList<Child> Children
    {
        get
        {
            lock (gate)
            {
                return [.. children];
            }
        }
    }

    /// <summary>Makes a new copy under an id nobody uses.</summary>
    public static async Task<Copy> MakeAsync(CancellationToken stop)
    {
        using var registry = await RegistryAsync(stop);
        while (true)
        {
            var id = RandomNumberGenerator.GetHexString(4, lowercase: true);
            if (Ids().Contains(id) || System.IO.Directory.Exists(Path.Combine(Home, id)) || NamespacesOf($"nb{id}-").Count > 0)
            {
                continue;
            }

            var held = TryHold(id) ?? throw new BoxFailed($"the lock of the new copy {id} in {Home} could not be taken");
            System.IO.Directory.CreateDirectory(Path.Combine(Home, id, "logs"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.WriteAllText(HolderFile(id), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            Environment.SetEnvironmentVariable(Mark, id);
            return new Copy(id, held);
        }
    }

    /// <summary>The copies whose program has ended; each is held by the caller until it is disposed, which removes it.</summary>
    public static async Task<IReadOnlyList<Copy>> DeadAsync(CancellationToken stop)
    {
        if (!System.IO.Directory.Exists(Home))
        {
            return [];
        }

        using var registry = await RegistryAsync(stop);
        var dead = new List<Copy>();
        foreach (var id in Ids())
        {
            if (TryHold(id) is { } held)
            {
                dead.Add(new Copy(id, held));
            }
        }

        return dead;
    }

    /// <summary>The ids of copies whose program is alive.</summary>
    public static async Task<IReadOnlyList<string>> AliveAsync(CancellationToken stop)
    {
        if (!System.IO.Directory.Exists(Home))
        {
            return [];
        }

        using var registry = await RegistryAsync(stop);
        var alive = new List<string>();
        foreach (var id in Ids())
        {
            using var held = TryHold(id);
            if (held is null)
            {
                alive.Add(id);
            }
        }

        return alive;
    }

    /// <summary>The id of the program that holds a copy, as it wrote down; null where it did not, or is gone.</summary>
    public static int? HolderOf(string id)
    {
        try
        {
            return int.Parse(File.ReadAllText(HolderFile(id)), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Makes one of the copy's namespaces, with its loopback up.</summary>
    public async Task<NetworkNamespace> NamespaceAsync(string name, CancellationToken stop)
    {
        var made = new NetworkNamespace(Prefix + name);
        var outcome = await Tool.RunAsync(["ip", "netns", "add", made.Name], TimeSpan.FromSeconds(20), stop);
        if (!outcome.Ok)
        {
            throw new BoxFailed($"the network namespace {made.Name} could not be made: {outcome.Sentence}", "Network namespaces need root and a kernel that has them.");
        }

        await made.IpAsync(stop, "link set lo up");
        return made;
    }

    public void Began(Child child)
    {
        lock (gate)
        {
            children.Add(child);
        }
    }

    /// <summary>Ends what the copy began and removes its namespaces and files. Never throws for what is gone already; says what could not be removed.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Children.Select(c => c.StopAsync(TimeSpan.FromSeconds(4))));
        EndStrays();

        var kept = new List<string>();
        foreach (var name in NamespacesOf(Prefix))
        {
            var outcome = await Tool.RunAsync(["ip", "netns", "del", name], TimeSpan.FromSeconds(20), CancellationToken.None);
            if (!outcome.Ok && NamespacesOf(name).Count > 0)
            {
                kept.Add($"namespace {name} ({outcome.Sentence})");
            }
        }

        foreach (var etc in System.IO.Directory.Exists("/etc/netns") ? System.IO.Directory.GetDirectories("/etc/netns", Prefix + "*") : [])
        {
            Try(() => System.IO.Directory.Delete(etc, recursive: true), kept);
        }

        RemoveIfEmpty("/etc/netns");
        if (System.IO.Directory.Exists(Directory))
        {
            Try(() => System.IO.Directory.Delete(Directory, recursive: true), kept);
        }

        // The lock goes last, and while nobody looks for copies: a copy without files and a copy without a lock are never seen.
        using (await RegistryAsync(CancellationToken.None))
        {
            Try(() => File.Delete(LockOf(Id)), kept);
            held.Dispose();
            if (Ids().Count == 0)
            {
                Try(() => System.IO.Directory.Delete(Home, recursive: true), kept);
            }
        }

        if (kept.Count > 0)
        {
            throw new BoxFailed($"not everything of copy {Id} could be removed: {string.Join("; ", kept)}", "Try `ntm-box down` again.");
        }
    }

    /// <summary>What of this copy still exists: namespaces, files, processes. Empty after a good removal.</summary>
    public IReadOnlyList<string> Remains() =>
        [.. NamespacesOf(Prefix), .. new[] { Directory, LockOf(Id) }.Where(Path.Exists), .. Processes.With($"{Mark}={Id}").Select(p => $"process {p}")];

    private static IReadOnlyList<string> NamespacesOf(string prefix) =>
        System.IO.Directory.Exists("/run/netns")
            ? [.. System.IO.Directory.GetFileSystemEntries("/run/netns", prefix + "*").Select(p => Path.GetFileName(p)!)]
            : [];

    /// <summary>Ends what a dead program left behind. A shell that somebody opened inside with `ip netns exec` carries no mark and is left alone.</summary>
    private void EndStrays()
    {
        for (var round = 0; round < 40; round++)
        {
            var strays = Processes.With($"{Mark}={Id}");
            if (strays.Count == 0)
            {
                return;
            }

            foreach (var stray in strays)
            {
                Signals.ToProcess(stray, round < 20 ? Signals.Terminate : Signals.Kill);
            }

            Thread.Sleep(100);
        }
    }

    private static string LockOf(string id) => Path.Combine(Home, id + ".lock");

    private static string HolderFile(string id) => Path.Combine(Home, id, "holder");

    private static List<string> Ids() => [.. System.IO.Directory.GetFiles(Home, "*.lock").Select(f => Path.GetFileNameWithoutExtension(f)!)];

    private static FileStream? TryHold(string id)
    {
        try
        {
            return new FileStream(LockOf(id), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Making and finding copies happens under one lock, so that no half-made copy looks dead.</summary>
    private static async Task<FileStream> RegistryAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                System.IO.Directory.CreateDirectory(Home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                return new FileStream(Path.Combine(Home, "registry"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(50, stop);
            }
        }
    }

    private static void RemoveIfEmpty(string directory)
    {
        try
        {
            if (System.IO.Directory.Exists(directory))
            {
                System.IO.Directory.Delete(directory);
            }
        }
        catch (IOException)
        {
            // Somebody else's files stand in it.
        }
    }

    private static void Try(Action remove, List<string> kept)
    {
        try
        {
            remove();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            kept.Add(e.Message);
        }
    }
}
