namespace Ntm.Gateway.Http;

/// <summary>Turns the <see cref="PictureFeed"/> at its pace for as long as the program runs.</summary>
public sealed class PictureClock(PictureFeed feed, ILogger<PictureClock> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(PictureFeed.Period);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await feed.TurnAsync(stoppingToken);
            }
            catch (TimeoutException late)
            {
                log.LogWarning("The live picture was skipped: {Reason}", late.Message);
            }
        }
    }
}
