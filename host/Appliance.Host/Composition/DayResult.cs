using System.IO.MemoryMappedFiles;

namespace Appliance.Host.Composition;

/// <summary>
/// Profit and loss of the day so far, in a mapped file of the session, so that a restart does not begin with a fresh allowance of losses: a day's loss is the day's, not the run's. The day is UTC's.
/// </summary>
internal sealed class DayResult : IDisposable
{
    private const long NsPerDay = 86_400_000_000_000;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _day;

    public DayResult(string sessionFolder, long nowUtcNs)
    {
        _file = MemoryMappedFile.CreateFromFile(Path.Combine(sessionFolder, "day"), FileMode.OpenOrCreate, null, 4096);
        _view = _file.CreateViewAccessor(0, 16);
        _day = nowUtcNs / NsPerDay;
        double earlier = _view.ReadDouble(8);
        if (_view.ReadInt64(0) == _day && double.IsFinite(earlier)) CarriedPnl = earlier;
        _view.Write(8, CarriedPnl);
        _view.Write(0, _day);
    }

    /// <summary>What earlier runs of this day made; 0 on a new day.</summary>
    public double CarriedPnl { get; }

    /// <summary>The run's own figure, so far. Past midnight it is the next day's.</summary>
    public void Note(double runPnl, long nowUtcNs)
    {
        long day = nowUtcNs / NsPerDay;
        _view.Write(8, day == _day ? CarriedPnl + runPnl : runPnl);
        _view.Write(0, day);
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
