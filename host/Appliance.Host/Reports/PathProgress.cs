using System.Diagnostics;

namespace Appliance.Host.Reports;

/// <summary>Progress over paths on standard error: one moving line on a terminal, a line every few seconds when piped.</summary>
internal sealed class PathProgress(long total) : IDisposable
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly bool _terminal = !Console.IsErrorRedirected;
    private readonly Lock _lock = new();
    private long _done;
    private double _said;

    public void Done(int paths)
    {
        long done = Interlocked.Add(ref _done, paths);
        double now = _clock.Elapsed.TotalSeconds;
        if (now - Volatile.Read(ref _said) < (_terminal ? 0.2 : 5)) return;
        lock (_lock)
        {
            if (now - _said < (_terminal ? 0.2 : 5)) return;
            Volatile.Write(ref _said, now);
            double rate = done / now, left = Math.Max(0, total - done) / rate;
            string line = FormattableString.Invariant($"paths      {done:N0} of {total:N0}, {rate:N0}/s, {left:N0} s to go; then those of thresholds");
            Console.Error.Write(_terminal ? $"\r{line}   " : line + "\n");
        }
    }

    public void End()
    {
        if (_terminal && _said > 0) Console.Error.WriteLine();
        _said = 0;
    }

    public void Dispose() => End();
}
