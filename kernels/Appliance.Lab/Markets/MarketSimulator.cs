using Appliance.Lab.Random;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>What the models share: the time grid, the source of random numbers and the size of a block.</summary>
public abstract class MarketSimulator : IMarketSimulator
{
    protected MarketSimulator(MarketSpecification market, TimeSpecification time, ulong seed, IReadOnlyList<string> series, int underlyings, int normalStreams, int uniformStreams, bool usesSubsteps,
        ImportanceSpecification? importance = null)
    {
        (Market, Time, Series, Underlyings) = (market, time, series, underlyings);
        Substeps = usesSubsteps ? Math.Max(1, time.Substeps) : 1;
        Draws = DrawSource.Make(market.Draws, seed, normalStreams, uniformStreams, time.Steps * Substeps);
        if (importance is not null)
        {
            Tilt = normalStreams > 0 ? PathTilt.OfNormals(importance, seed, time.Steps * Substeps, market.Lambda * time.MaturityYears) : PathTilt.OfTree(importance, seed, time.Steps, market.Probabilities);
            if (normalStreams > 0) Draws = new TiltedDraws(Draws, Tilt);
        }
        SubstepYears = time.StepYears / Substeps;
    }

    protected MarketSpecification Market { get; }
    protected TimeSpecification Time { get; }
    protected DrawSource Draws { get; }
    /// <summary>Null where paths are drawn from the market itself.</summary>
    protected PathTilt? Tilt { get; }
    protected int Substeps { get; }
    protected double SubstepYears { get; }
    /// <summary>Scratch rows that the model itself needs; they stand behind those of the draws.</summary>
    protected virtual int OwnScratchRows => 0;
    protected Span<double> OwnScratch(PathBlock block, int row) => block.Scratch(Draws.ScratchRows + row);

    public IReadOnlyList<string> Series { get; }
    public int Underlyings { get; }
    public int Steps => Time.Steps;
    public double StepYears => Time.StepYears;
    public virtual long PathsAvailable => long.MaxValue;
    public PathBlock NewBlock(int paths) => new(Series.Count, Steps, paths, Draws.ScratchRows + OwnScratchRows, Tilt is not null);

    public void Fill(PathBlock block, long firstPath)
    {
        Tilt?.Begin(block, firstPath);
        FillPaths(block, firstPath);
        Tilt?.End(block);
    }

    protected abstract void FillPaths(PathBlock block, long firstPath);

    /// <summary>The simulator of a specification.</summary>
    /// <param name="seed">Seed of the training or of the evaluation; history and files are split by which of the two it is.</param>
    /// <param name="importance">Draws by importance sampling; null draws from the market itself, as history and files always are.</param>
    public static IMarketSimulator Make(LabSpecification specification, ulong seed, ImportanceSpecification? importance = null)
    {
        var (market, time) = (specification.Market, specification.Time);
        bool evaluation = seed == specification.Evaluation.Seed;
        return market.Model switch
        {
            MarketModel.Gbm => new GbmSimulator(market, time, seed, importance),
            MarketModel.Heston or MarketModel.Bates => new HestonSimulator(market, time, seed, importance),
            MarketModel.Merton => new MertonSimulator(market, time, seed, importance),
            MarketModel.Kou => new KouSimulator(market, time, seed, importance),
            MarketModel.Sabr => new SabrSimulator(market, time, seed, importance),
            MarketModel.RoughBergomi => new RoughBergomiSimulator(market, time, seed, importance),
            MarketModel.Trinomial => new TrinomialSimulator(market, time, seed, importance),
            MarketModel.RegimeSwitching => new RegimeSwitchingSimulator(market, time, seed, importance),
            MarketModel.Bootstrap when evaluation && market.WindowStride > 0 => new HistoryWindowsSimulator(market, time, PriceHistory.Read(market).EvaluationReturns(market)),
            MarketModel.Bootstrap => new BootstrapSimulator(market, time, seed, evaluation ? PriceHistory.Read(market).EvaluationReturns(market) : PriceHistory.Read(market).TrainingReturns(market)),
            MarketModel.Paths => new FilePathsSimulator(market, time, evaluation),
            _ => throw new ArgumentOutOfRangeException(nameof(specification), market.Model, "There is no simulator of this market model."),
        };
    }
}
