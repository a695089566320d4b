namespace Ntm.Tunnel;

/// <summary>
/// Which share of what was sent the peer's reports call missing, over the last 5 to 10 s. Judged are the counters between two former reports, so that what merely came late is
/// no loss.
/// </summary>
internal struct LossTally
{
    private static readonly TimeSpan Half = TimeSpan.FromSeconds(5);
    private Keypair? _keypair;
    private ulong _judged; // all below
    private ulong _reported; // the end of the former report
    private TimeSpan _began;
    private (ulong Sent, ulong Lost) _current;
    private (ulong Sent, ulong Lost) _former;

    /// <summary>0 to 1; null: nothing was judged lately.</summary>
    public double? Share(TimeSpan boot)
    {
        Turn(boot);
        var sent = _current.Sent + _former.Sent;
        return sent == 0 ? null : (double)(_current.Lost + _former.Lost) / sent;
    }

    public void Take(TimeSpan boot, Keypair keypair, in Receipt receipt, ReadOnlySpan<CounterRange> missing)
    {
        Turn(boot);
        if (keypair != _keypair)
        {
            (_keypair, _judged, _reported) = (keypair, receipt.Floor, receipt.Highest + 1);
            return;
        }

        if (receipt.Highest + 1 <= _reported)
        {
            return;
        }

        var from = Math.Max(_judged, receipt.Floor);
        if (_reported > from)
        {
            _current.Sent += _reported - from;
            foreach (var range in missing)
            {
                var (first, end) = (Math.Max(from, range.First), Math.Min(_reported, range.End));
                _current.Lost += end > first ? end - first : 0;
            }
        }

        (_judged, _reported) = (_reported, receipt.Highest + 1);
    }

    private void Turn(TimeSpan boot)
    {
        if (boot - _began < Half)
        {
            return;
        }

        _former = boot - _began < 2 * Half ? _current : default;
        (_current, _began) = (default, boot);
    }
}
