using Ntm.Box.Os;

namespace Ntm.Box.Story;

/// <summary>How a job of the box waits for what it expects, and what it does where that does not come.</summary>
internal sealed class Asking(Copy copy, CancellationToken stop)
{
    /// <summary>Asks again and again until the answer is as it must be; when the time is up, the last answer is the failure.</summary>
    /// <param name="limit">How long at most.</param>
    /// <param name="ask">Once.</param>
    /// <param name="judge">Null where the answer is good, else what is wrong with it.</param>
    public async Task<T> UntilAsync<T>(TimeSpan limit, Func<Task<T>> ask, Func<T, string?> judge)
    {
        var end = DateTime.UtcNow + limit;
        while (true)
        {
            string wrong;
            try
            {
                var answer = await ask();
                if (judge(answer) is not { } complaint)
                {
                    return answer;
                }

                wrong = complaint;
            }
            catch (BoxFailed e)
            {
                wrong = e.Message;
            }

            if (copy.Children.FirstOrDefault(c => c is { Running: false, MayEnd: false }) is { } ended)
            {
                throw new BoxFailed($"{ended.State}; {wrong}", $"The end of its log: {string.Join(" / ", ended.Tail(3))}");
            }

            if (DateTime.UtcNow > end)
            {
                throw new BoxFailed($"after {limit.TotalSeconds:0} s of asking: {wrong}");
            }

            await Task.Delay(100, stop);
        }
    }

    /// <summary>What ran must have ended well.</summary>
    public static async Task<Outcome> MustAsync(Task<Outcome> run, string? advice = null)
    {
        var outcome = await run;
        return outcome.Ok ? outcome : throw new BoxFailed(outcome.Sentence, advice);
    }
}
