using System.CommandLine;
using System.Runtime.InteropServices;
using Ntm.Box.Grid;
using Ntm.Box.Handover;
using Ntm.Box.Os;
using Ntm.Box.Story;

namespace Ntm.Box;

/// <summary>
/// `ntm-box`: builds the world in a box, shows the main job in it, and removes it again, whatever happens. Exit codes: 0 all of it worked; 1 a step
/// failed, and is named; 2 the machine or the command line is not right; 130 stopped by Ctrl-C or a signal before the end.
/// </summary>
internal static class BoxCommand
{
    public const int Worked = 0;
    public const int Failed = 1;
    private const int NotReady = 2;
    private const int Interrupted = 130;

    /// <summary>How far to go.</summary>
    private enum Extent
    {
        Nats,
        Once,
        Up,
    }

    public static Task<int> RunAsync(string[] args)
    {
        var megabytes = new Option<int>("--size") { Description = "Size of the files to be fetched, in MiB", DefaultValueFactory = _ => 20 };
        megabytes.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > 1024)
            {
                r.AddError("--size takes 1 to 1024 MiB.");
            }
        });
        var breakage = new Option<Breakage>("--break") { Description = "Break something on purpose, to see the job fail and name the step" };
        var hold = new Option<bool>("--hold") { Description = "After a failure wait for Ctrl-C, so that one can look around, before removing everything" };
        var logs = new Option<string?>("--logs") { Description = "Copy the logs of all programs there at the end", HelpName = "DIR" };

        var up = new Command("up", "Build the box, show the main job, and stay up with a console until Ctrl-C") { megabytes, breakage, hold, logs };
        var once = new Command("once", "Build the box, show the main job, remove it; exit code 0 only if all of it worked") { megabytes, breakage, hold, logs };
        var nats = new Command("nats", "Only lay the networks and find out what their NATs do") { breakage };
        up.SetAction(p => MainJobAsync(Extent.Up, p.GetValue(megabytes), p.GetValue(breakage), p.GetValue(hold), p.GetValue(logs)));
        once.SetAction(p => MainJobAsync(Extent.Once, p.GetValue(megabytes), p.GetValue(breakage), p.GetValue(hold), p.GetValue(logs)));
        nats.SetAction(p => MainJobAsync(Extent.Nats, 1, p.GetValue(breakage), false, null));

        var which = new Argument<string?>("ID") { Description = "The copy to end; left out, only what dead copies left behind is removed", Arity = ArgumentArity.ZeroOrOne };
        var down = new Command("down", "Remove what copies left behind that ended without cleaning up") { which };
        down.SetAction((p, stop) => DownAsync(p.GetValue(which), stop));

        var root = new RootCommand("The world in a box: two owners' homes and a laptop, their NATs, coordinators, relays and a public DNS, in network namespaces of this machine.") { up, once, nats, GridCommand.Make(), HandoverCommand.Make(), down };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Console.Error.WriteLine($"ntm-box: {error.Message}");
            }

            Console.Error.WriteLine("Try: ntm-box --help");
            return Task.FromResult(NotReady);
        }

        // Signals are ours: the box must be gone before the program is.
        return parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static Task<int> MainJobAsync(Extent extent, int megabytes, Breakage breakage, bool hold, string? logs) =>
        InBoxAsync(needsPrograms: extent != Extent.Nats, hold, logs, (copy, programs, tell, stop) =>
        {
            if (breakage != Breakage.Nothing)
            {
                tell.Plain($"Broken on purpose: {breakage}.");
            }

            return JobAsync(extent, copy, programs, breakage, megabytes << 20, tell, stop);
        });

    /// <summary>Makes a copy of the box, does a job in it and removes it again, however the job ends.</summary>
    /// <param name="needsPrograms">Whether the product's programs must be built.</param>
    /// <param name="hold">After a failure wait before removing it.</param>
    /// <param name="logs">Where logs are copied to; null: nowhere.</param>
    /// <param name="job">Gives the exit code; what it throws is told as a failure.</param>
    internal static async Task<int> InBoxAsync(bool needsPrograms, bool hold, string? logs, Func<Copy, Programs, Teller, CancellationToken, Task<int>> job)
    {
        var tell = new Teller(Console.Out);
        using var stopping = new CancellationTokenSource();
        using var interrupt = Catch(PosixSignal.SIGINT, stopping);
        using var terminate = Catch(PosixSignal.SIGTERM, stopping);
        using var hangUp = Catch(PosixSignal.SIGHUP, stopping);
        var stop = stopping.Token;

        Programs programs;
        try
        {
            programs = Programs.Locate(AppContext.BaseDirectory);
            var missing = Machine.Missing().Concat(!needsPrograms ? [] : programs.Missing.Select(p => $"{p} is not built (dotnet build -c Release)")).ToList();
            if (missing.Count > 0)
            {
                Console.Error.WriteLine("ntm-box: this machine lacks:");
                missing.ForEach(m => Console.Error.WriteLine("  - " + m));
                return NotReady;
            }

            await RemoveDeadAsync(tell, stop);
        }
        catch (BoxFailed e)
        {
            Console.Error.WriteLine($"ntm-box: {e.Message}. {e.Advice}");
            return NotReady;
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }

        Copy? copy = null;
        int code;
        try
        {
            copy = await Copy.MakeAsync(stop);
            tell.Plain($"The world in a box, copy {copy.Id}: its network namespaces begin with {copy.Prefix}, its files stand in {copy.Directory}.");
            code = await job(copy, programs, tell, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            tell.Plain("");
            tell.Plain("Stopped before the end.");
            code = Interrupted;
        }
        catch (Exception e)
        {
            TellFailure(tell, copy, e);
            code = Failed;
            if (hold && copy is not null && !stop.IsCancellationRequested)
            {
                tell.Plain("Everything is still there to be looked at (ip netns list). Ctrl-C removes it.");
                await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }

        return copy is null ? code : await RemoveAsync(copy, code, logs, tell);
    }

    private static async Task<int> JobAsync(Extent extent, Copy copy, Programs programs, Breakage breakage, int giftBytes, Teller tell, CancellationToken stop)
    {
        using var job = new MainJob(copy, programs, breakage, giftBytes, tell, stop);
        if (extent == Extent.Nats)
        {
            await job.ConfirmNatsAsync();
            return Worked;
        }

        await job.RunAsync();
        tell.Plain("");
        tell.Plain($"All {tell.Number} steps worked, in {tell.Elapsed}.");
        if (extent == Extent.Up)
        {
            await using var door = ConsoleDoor.Open(job.Alice.Socket);
            tell.Plain("");
            tell.Plain($"Alice's console: {door.Address}");
            tell.Plain($"Look around:     sudo ip netns exec {job.Alice.Devices[0].Namespace.Name} curl http://nas.bob.{MainJob.Zone}/hello.txt");

            // Where the SDK is the tree's own (.dotnet/), programs started by hand must be told.
            var runtime = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root && root.StartsWith(programs.Root, StringComparison.Ordinal) ? $"env DOTNET_ROOT={root} " : "";
            tell.Plain($"                 sudo {runtime}{programs.Ntm} --socket {job.Alice.Socket} paths");
            tell.Plain("Ctrl-C ends and removes everything.");
            try
            {
                await Task.Delay(Timeout.Infinite, stop);
            }
            catch (OperationCanceledException)
            {
                tell.Plain("");
            }
        }

        return Worked;
    }

    private static void TellFailure(Teller tell, Copy? copy, Exception e)
    {
        tell.Plain("");
        var where = tell.Step.Length > 0 ? $"FAILED at step {tell.Number}, {tell.Step}" : "FAILED before the first step";
        tell.Plain($"{where}: {(e is BoxFailed ? e.Message : e.ToString())}");
        if (e is BoxFailed { Advice: { } advice })
        {
            tell.Plain($"  {advice}");
        }

        foreach (var child in copy?.Children ?? [])
        {
            var ours = child.Name is "coordinator" or "coordinator2" or "relay" or "friends-coordinator" or "friends-relay" || child.Name.EndsWith("/gateway", StringComparison.Ordinal);
            if (!child.MayEnd && (ours || !child.Running) && child.Tail(8) is { Count: > 0 } lines)
            {
                tell.Plain($"  --- {child.State}; the end of its log:");
                foreach (var line in lines)
                {
                    tell.Plain("      " + line);
                }
            }
        }
    }

    private static async Task<int> RemoveAsync(Copy copy, int code, string? logs, Teller tell)
    {
        try
        {
            if (logs is not null)
            {
                Directory.CreateDirectory(logs);
                foreach (var file in Directory.GetFiles(copy.LogDirectory))
                {
                    File.Copy(file, Path.Combine(logs, Path.GetFileName(file)), overwrite: true);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            tell.Plain($"The logs could not be copied to {logs}: {e.Message}");
        }

        try
        {
            await copy.DisposeAsync();
            var remains = copy.Remains();
            tell.Plain(remains.Count == 0 ? $"Copy {copy.Id} is removed: no namespace, process or file of it is left." : $"Left behind: {string.Join(", ", remains)}");
            return remains.Count == 0 ? code : Failed;
        }
        catch (BoxFailed e)
        {
            tell.Plain($"{e.Message}. {e.Advice}");
            return Failed;
        }
    }

    private static async Task RemoveDeadAsync(Teller tell, CancellationToken stop)
    {
        foreach (var dead in await Copy.DeadAsync(stop))
        {
            await dead.DisposeAsync();
            tell.Plain($"Removed what copy {dead.Id} had left behind when it was killed.");
        }
    }

    private static async Task<int> DownAsync(string? which, CancellationToken stop)
    {
        if (!Signals.IsRoot)
        {
            Console.Error.WriteLine("ntm-box: `down` needs root, as `up` does: sudo ntm-box down");
            return NotReady;
        }

        try
        {
            if (which is not null)
            {
                if (!(await Copy.AliveAsync(stop)).Contains(which))
                {
                    Console.WriteLine($"No copy {which} is running.");
                }
                else if (Copy.HolderOf(which) is { } holder)
                {
                    Signals.ToProcess(holder, Signals.Terminate);
                    for (var i = 0; i < 200 && (await Copy.AliveAsync(stop)).Contains(which); i++)
                    {
                        await Task.Delay(100, stop);
                    }
                }
            }

            await RemoveDeadAsync(new Teller(Console.Out), stop);
            var alive = await Copy.AliveAsync(stop);
            Console.WriteLine(alive.Count == 0 ? "No copy is left." : $"Running copies, left alone: {string.Join(", ", alive)}");
            return which is not null && alive.Contains(which) ? Failed : Worked;
        }
        catch (BoxFailed e)
        {
            Console.Error.WriteLine($"ntm-box: {e.Message}. {e.Advice}");
            return Failed;
        }
    }

    private static PosixSignalRegistration Catch(PosixSignal signal, CancellationTokenSource stopping) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            try
            {
                stopping.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The end is being written already.
            }
        });
}
