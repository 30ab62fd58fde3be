using System.Diagnostics;
using System.Globalization;

namespace Appliance.Host.Greeks;

/// <summary>Says on the error stream how far the work is: a line that is overwritten on a terminal, a plain one now and then when piped.</summary>
internal sealed class GreeksProgress(long inputBytes)
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromSeconds(0.2), Piped = TimeSpan.FromSeconds(5);
    private const int LineWidth = 78;

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private long _shown = Stopwatch.GetTimestamp();
    private bool _hasLine;

    public double Seconds => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    public void Show(GreeksCounts counts, long bytesRead)
    {
        if (Stopwatch.GetElapsedTime(_shown) < (_isTerminal ? OnTerminal : Piped)) return;
        _shown = Stopwatch.GetTimestamp();
        double seconds = Seconds;
        string line = string.Create(CultureInfo.InvariantCulture, $"{counts.Rows:N0} rows, {counts.Rows / seconds:N0} a second");
        // Without the input's length (a pipe) nothing is known of what remains.
        if (inputBytes > 0 && bytesRead > 0) line += string.Create(CultureInfo.InvariantCulture, $", {100.0 * bytesRead / inputBytes:F0} %, {seconds * (inputBytes - bytesRead) / bytesRead:F0} s left");
        if (counts.Bad > 0) line += string.Create(CultureInfo.InvariantCulture, $", {counts.Bad:N0} bad");
        if (_isTerminal) Console.Error.Write("\r" + line.PadRight(LineWidth));
        else Console.Error.WriteLine(line);
        _hasLine = true;
    }

    public void Clear()
    {
        if (_isTerminal && _hasLine) Console.Error.Write("\r" + new string(' ', LineWidth) + "\r");
    }
}
