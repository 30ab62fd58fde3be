using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <summary>
/// The exact CVaR optimum on a small trinomial tree with proportional costs, over all holdings that may depend on the whole path: minimise t + Σ p_l u_l / (1 − level) with u_l ≥ L_l − t, u_l ≥ 0 over
/// leaves l of the tree of paths (Rockafellar and Uryasev 2000), and with the mean beside it for mean-cvar. The variables are purchases and sales at each node of that tree, both zero or more, so that costs are
/// linear; the holding is the initial one and their sum along the path. What is owed may depend on the path too, since a leaf is one.
/// <para>A final liquidation at price S costs c·S·|h|: with d the sign of the initial holding, d·h = x − y, x and y zero or more, so that |h| is at most x + y = d·h + 2y, and the optimum makes it so.
/// Bounds are two rows a decision.</para>
/// </summary>
public static class TreeLinearProgramme
{
    /// <summary>Steps that fit: 3^6 leaves make a tableau of some tens of megabytes.</summary>
    public const int StepsMost = 6;

    public static double Solve(LabSpecification specification)
    {
        var objective = specification.Objective;
        if (objective.Kind is not (ObjectiveKind.Cvar or ObjectiveKind.MeanCvar)) throw new ArgumentException("The linear programme knows cvar and mean-cvar.", nameof(specification));
        var tree = new PathTree(specification);
        var hedge = specification.Hedges[0];
        double weight = objective.Kind == ObjectiveKind.Cvar ? 1 : objective.Weight, tail = weight / (1 - objective.Level);
        double initial = specification.InitialHolding[0], c = hedge.Costs.Proportional, direction = initial < 0 ? -1 : 1;
        bool liquidate = specification.LiquidateAtEnd && c > 0;
        int decisions = tree.Decisions, leaves = tree.Leaves, lastDecisions = liquidate ? tree.LastDecisions : 0;
        int above = double.IsFinite(hedge.HighestHolding) ? decisions : 0, below = double.IsFinite(hedge.LowestHolding) ? decisions : 0;
        if (initial > hedge.HighestHolding || initial < hedge.LowestHolding) throw new ArgumentException("The linear programme starts from a holding within bounds.", nameof(specification));

        // Columns: purchases, sales, t⁺, t⁻, u, then of each last decision y, then x, then the slacks of leaves and bounds.
        int sales = decisions, tPlus = 2 * decisions, tMinus = tPlus + 1, excess = tPlus + 2, reverse = excess + leaves, along = reverse + lastDecisions, slack = along + lastDecisions;
        int rows = leaves + lastDecisions + above + below, firstBound = leaves + lastDecisions;
        var programme = new Simplex(rows, slack + leaves + above + below);
        var cost = new double[slack];
        double constant = 0;
        (cost[tPlus], cost[tMinus]) = (weight, -weight);
        for (int l = 0; l < leaves; l++)
        {
            double sold = liquidate ? c * tree.LeafPrice[l] : 0;
            double fixedLoss = tree.Owed[l] - initial * (tree.LeafPrice[l] - tree.RootPrice) + sold * direction * initial, mean = (1 - weight) * tree.Probability[l];
            constant += mean * fixedLoss;
            cost[excess + l] = tail * tree.Probability[l];
            // u + t + gains − costs − slack = fixed loss; turned round where that is negative, so that either u or the slack starts in the basis.
            double sign = fixedLoss >= 0 ? 1 : -1;
            programme[l, excess + l] = sign;
            (programme[l, tPlus], programme[l, tMinus], programme[l, slack + l]) = (sign, -sign, -sign);
            programme.RightSide(l, sign * fixedLoss);
            programme.Basic(l, sign > 0 ? excess + l : slack + l);
            foreach (int node in tree.Path(l))
            {
                double gain = tree.LeafPrice[l] - tree.DecisionPrice[node] - sold * direction, charge = c * tree.DecisionPrice[node];
                programme[l, node] = sign * (gain - charge);
                programme[l, sales + node] = sign * (-gain - charge);
                cost[node] -= mean * (gain - charge);
                cost[sales + node] -= mean * (-gain - charge);
            }
            if (lastDecisions == 0) continue;
            int last = tree.LastDecisionOf(l);
            programme[l, reverse + last] = -sign * 2 * sold;
            cost[reverse + last] += mean * 2 * sold;
        }
        for (int d = 0; d < lastDecisions; d++)
        {
            // x − y − d·(trades so far) = |initial|: x starts basic.
            int row = leaves + d;
            (programme[row, along + d], programme[row, reverse + d]) = (1, -1);
            foreach (int node in tree.PathOfLastDecision(d)) (programme[row, node], programme[row, sales + node]) = (-direction, direction);
            programme.RightSide(row, Math.Abs(initial));
            programme.Basic(row, along + d);
        }
        for (int b = 0; b < above + below; b++)
        {
            // ±(initial + trades so far) + slack = ±bound.
            int row = firstBound + b, decision = b < above ? b : b - above;
            double side = b < above ? 1 : -1;
            programme[row, slack + leaves + b] = 1;
            foreach (int node in tree.PathOfDecision(decision)) (programme[row, node], programme[row, sales + node]) = (side, -side);
            programme.RightSide(row, b < above ? hedge.HighestHolding - initial : initial - hedge.LowestHolding);
            programme.Basic(row, slack + leaves + b);
        }
        for (int j = 0; j < slack; j++) programme.Cost(j, cost[j]);
        return programme.Minimise() + constant;
    }

    /// <summary>The tree of all paths: decision nodes level by level, leaves below the last level; discounted to maturity by the growth of cash.</summary>
    private sealed class PathTree
    {
        private readonly int _steps, _firstLast;

        public PathTree(LabSpecification specification)
        {
            var market = specification.Market;
            _steps = specification.Time.Steps;
            double[] growth = LatticeLiability.Growth(specification);
            double[] prices = TrinomialSimulator.NodePrices(market, _steps);
            var decision = new List<double>();
            int[] levels = [0];
            double[] probabilities = [1];
            for (int step = 0; step < _steps; step++)
            {
                if (step == _steps - 1) _firstLast = decision.Count;
                foreach (int level in levels) decision.Add(growth[step] * prices[_steps + level]);
                levels = [.. levels.SelectMany(level => new[] { level + 1, level, level - 1 })];
                probabilities = [.. probabilities.SelectMany(p => market.Probabilities.Select(q => p * q))];
            }
            DecisionPrice = [.. decision];
            LeafPrice = [.. levels.Select(level => prices[_steps + level])];
            Probability = probabilities;
            Owed = new double[levels.Length];
            Payoffs.Owed(specification, Paths(prices), growth, Owed);
        }

        /// <summary>The path to each leaf: its digits in base three, the first step's the highest, say up, middle or down.</summary>
        private PathBlock Paths(double[] prices)
        {
            int leaves = LeafPrice.Length;
            var block = new PathBlock(1, _steps, leaves, 0);
            for (int leaf = 0; leaf < leaves; leaf++)
            {
                int level = 0, divisor = leaves;
                block.Row(0, 0)[leaf] = prices[_steps];
                for (int step = 1; step <= _steps; step++)
                {
                    divisor /= 3;
                    level += 1 - leaf / divisor % 3;
                    block.Row(0, step)[leaf] = prices[_steps + level];
                }
            }
            return block;
        }

        public double[] DecisionPrice { get; }
        public double[] LeafPrice { get; }
        public double[] Probability { get; }
        public double[] Owed { get; }
        public double RootPrice => DecisionPrice[0];
        public int Decisions => DecisionPrice.Length;
        public int LastDecisions => Decisions - _firstLast;
        public int Leaves => LeafPrice.Length;
        public int LastDecisionOf(int leaf) => leaf / 3;
        public IEnumerable<int> Path(int leaf) => PathOfLastDecision(leaf / 3);

        public IEnumerable<int> PathOfLastDecision(int last) => PathOfDecision(_firstLast + last);

        /// <summary>Decision nodes from one up to the root: a node's parent is its place in its level divided by three.</summary>
        public IEnumerable<int> PathOfDecision(int decision)
        {
            int first = 0, width = 1;
            while (decision >= first + width) (first, width) = (first + width, 3 * width);
            for (int place = decision - first; ; place /= 3)
            {
                yield return first + place;
                if (width == 1) yield break;
                width /= 3;
                first -= width;
            }
        }
    }
}
