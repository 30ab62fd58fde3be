using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>Paths that the user brought, in the file's order. Training takes the first market.trainingShare of them, evaluation the rest (1: both take all); training goes round where it asks for more.</summary>
public sealed class FilePathsSimulator : IMarketSimulator
{
    private readonly PathFile _file;
    private readonly TimeSpecification _time;
    private readonly int _first, _count;

    public FilePathsSimulator(MarketSpecification market, TimeSpecification time, bool evaluation)
    {
        _file = PathFile.Read(market.DataFile, time.Steps, market.Spots);
        _time = time;
        int cut = market.TrainingShare >= 1 ? 0 : Math.Clamp((int)(_file.Paths * market.TrainingShare), 1, Math.Max(1, _file.Paths - 1));
        (_first, _count) = cut == 0 ? (0, _file.Paths) : evaluation ? (cut, _file.Paths - cut) : (0, cut);
        Series = GbmSimulator.Names(market.Spots.Count);
    }

    public IReadOnlyList<string> Series { get; }
    public int Underlyings => Series.Count;
    public int Steps => _time.Steps;
    public double StepYears => _time.StepYears;
    public long PathsAvailable => _count;
    public PathBlock NewBlock(int paths) => new(Series.Count, Steps, paths, 0);

    public void Fill(PathBlock block, long firstPath)
    {
        for (int u = 0; u < Underlyings; u++)
            for (int step = 0; step <= Steps; step++)
            {
                var row = block.Row(u, step);
                for (int p = 0; p < row.Length; p++) row[p] = _file[u, _first + (int)((firstPath + p) % _count), step];
            }
    }
}
